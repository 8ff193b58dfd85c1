"""What every group of the store's verbs works with: the folder, cursors to read, one thread to write."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from duckdb import DuckDBPyConnection

from analysis.store.database import Database
from analysis.store.writer import Writer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """The way to one workspace."""

    workspace: Path
    database: Database
    writer: Writer

    @contextmanager
    def read(self) -> Iterator[DuckDBPyConnection]:
        """A cursor for this thread, for the length of the block: all that is read is as of one moment."""
        with self.database.cursor() as db:
            db.execute("BEGIN")
            yield db
            db.execute("COMMIT")

    def write(self, change: Callable[[DuckDBPyConnection], T]) -> T:
        """Run `change(cursor)` in a transaction; it may run more than once. What it returns, once committed."""
        return self.writer.do(change)
