"""One open DuckDB file: opening it whatever state it is in, and a cursor for every thread."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from analysis.errors import StoreError
from analysis.store.failures import is_damage, judged, sentence
from analysis.store.schema import migrate

log = logging.getLogger(__name__)

_BEGUN_ANEW = "The workspace's database was damaged and a new one was begun"


class Database:
    """Cursors on one file. A cursor is in the hands of one thread at a time: DuckDB 2 refuses shared ones."""

    def __init__(self, path: Path, *, memory_limit: str, threads: int) -> None:
        self.path = path
        self.warnings: list[str] = []
        self._config = {
            "memory_limit": memory_limit,
            "threads": threads,
            "temp_directory": str(path.parent / "tmp"),
            "autoinstall_known_extensions": "false",  # the network is not ours to use
            "autoload_known_extensions": "false",
        }
        self._marker = path.with_name(path.name + ".damaged")
        self._lock = threading.Lock()
        self._idle: list[DuckDBPyConnection] = []
        self._out = 0  # cursors in use
        self._closed = False
        self._connection: DuckDBPyConnection | None = self._opened()  # None: lost, and opened again when next needed

    @contextmanager
    def cursor(self) -> Iterator[DuckDBPyConnection]:
        """A cursor for this thread alone, for the length of the block. What DuckDB raises becomes StoreError."""
        with self._lock:
            connection, cursor = self._taken()
        whole = False
        try:
            yield cursor
            whole = True
        except duckdb.Error as error:
            if damaged := is_damage(error):
                self._marker.touch()  # the next opening sets the file aside
            if damaged or isinstance(error, duckdb.FatalException):
                self._lose(connection, error)
            raise StoreError(sentence(error)) from error
        finally:
            with self._lock:
                self._out -= 1
                if whole and self._connection is connection:
                    self._idle.append(cursor)
                else:
                    cursor.close()  # it may hold a transaction that failed

    def close(self) -> None:
        """Write the log into the file, and let go of the file. Twice is once."""
        with self._lock:
            self._closed = True
            connection = self._connection
            if connection is not None:
                with suppress(duckdb.Error):  # the log stays and is replayed at the next opening
                    connection.execute("CHECKPOINT")
                self._disconnect()

    def _taken(self) -> tuple[DuckDBPyConnection, DuckDBPyConnection]:
        if self._closed:
            raise StoreError("The workspace has been closed. Open it again.")
        if self._connection is None and self._out:  # DuckDB would hand out the lost one again
            raise StoreError("The workspace's database is being opened again after an error. Ask again in a moment.")
        connection = self._connection = self._connection or self._opened()
        cursor = self._idle.pop() if self._idle else connection.cursor()
        self._out += 1
        return connection, cursor

    def _lose(self, connection: DuckDBPyConnection, error: duckdb.Error) -> None:
        """DuckDB serves nothing more after such an error until the file is opened again."""
        log.error("the store's database is opened again after an error", exc_info=error)
        with self._lock:
            if self._connection is connection:
                self._disconnect()

    def _disconnect(self) -> None:
        for connection in (*self._idle, self._connection):
            if connection is not None:
                with suppress(duckdb.Error):
                    connection.close()
        self._idle, self._connection = [], None

    def _opened(self) -> DuckDBPyConnection:
        """Try as it is, then without its log, then afresh: everything in it can be computed again."""
        if self._marker.exists():
            self._marker.unlink()
            paths = [p for p in (self.path, *self._logs()) if p.exists()]
            self._set_aside(paths, _BEGUN_ANEW, None)
        try:
            return self._connected()
        except duckdb.Error as error:
            damage = judged(error, self.path)
        if logs := self._logs():
            self._set_aside(logs, "The last changes to the workspace could not be read", damage)
            try:
                return self._connected()
            except duckdb.Error as error:
                damage = judged(error, self.path)
        self._set_aside([self.path], _BEGUN_ANEW, damage)
        return self._connected()

    def _logs(self) -> list[Path]:
        """The write-ahead log, and what DuckDB 2 keeps beside it during a checkpoint."""
        return [p for p in sorted(self.path.parent.glob(self.path.name + ".wal*")) if ".bad-" not in p.name]

    def _connected(self) -> DuckDBPyConnection:
        connection = duckdb.connect(str(self.path), config=self._config)
        try:
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_aside(self, paths: list[Path], what: str, error: duckdb.Error | None) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        names = []
        for path in paths:
            again = len([*path.parent.glob(f"{path.name}.bad-{stamp}*")])
            aside = path.with_name(f"{path.name}.bad-{stamp}" + (f"-{again + 1}" if again else ""))
            path.replace(aside)
            names.append(aside.name)
        self.warnings.append(f"{what}. Kept as {', '.join(names)}; what is missing will be computed again when asked.")
        log.warning("%s: %s (%s)", what, ", ".join(names), error)
