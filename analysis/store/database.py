"""One open DuckDB file: opening it whatever state it is in, and a cursor for every thread."""

import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from analysis.errors import StoreBusy, StoreError, StoreTooNew
from analysis.store.schema import migrate

log = logging.getLogger(__name__)

_BUSY = ("Could not set lock", "used by another process", "different configuration", "already attached")
_TOO_NEW = ("we can only read", "newer version of DuckDB", "greater than the latest version")
_DAMAGE = ("Corrupt", "checksum")  # seen while in use; at opening, all that is not explained counts
_BEGUN_ANEW = "The workspace's database was damaged and a new one was begun"
_NOT_DAMAGE = (
    "Permission denied",
    "No space left",
    "Read-only file system",
    "Is a directory",
    "No such file",
    "Too many",
)


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
        self._connection: DuckDBPyConnection | None = self._opened()

    @contextmanager
    def cursor(self) -> Iterator[DuckDBPyConnection]:
        """A cursor for this thread alone, for the length of the block. What DuckDB raises becomes StoreError."""
        with self._lock:
            if self._connection is None:
                raise StoreError("The workspace has been closed. Open it again.")
            cursor = self._idle.pop() if self._idle else self._connection.cursor()
        try:
            yield cursor
        except duckdb.Error as error:
            cursor.close()  # it may hold a transaction that failed
            raise StoreError(self._said(error)) from error
        except BaseException:
            cursor.close()
            raise
        with self._lock:
            if self._connection is None:
                cursor.close()
            else:
                self._idle.append(cursor)

    def close(self) -> None:
        """Write the log into the file, and let go of the file. Twice is once."""
        with self._lock:
            connection, self._connection = self._connection, None
            idle, self._idle = self._idle, []
        if connection is None:
            return
        for cursor in idle:
            cursor.close()
        with suppress(duckdb.Error):  # the log stays and is replayed at the next opening
            connection.execute("CHECKPOINT")
        connection.close()

    def _said(self, error: duckdb.Error) -> str:
        """One sentence. Damage that shows only now is noted, so that the next opening begins afresh."""
        if any(sign in str(error) for sign in _DAMAGE):
            self._marker.touch()
            return "The workspace's database is damaged. Start Cutaway again: it will be set aside and begun anew."
        return _sentence(error)

    def _opened(self) -> DuckDBPyConnection:
        """Try as it is, then without its log, then afresh: everything in it can be computed again."""
        if self._marker.exists():
            self._marker.unlink()
            paths = [p for p in (self.path, *self._logs()) if p.exists()]
            self._set_aside(paths, _BEGUN_ANEW, None)
        try:
            return self._connected()
        except duckdb.Error as error:
            damage = _judged(error, self.path)
        if logs := self._logs():
            self._set_aside(logs, "The last changes to the workspace could not be read", damage)
            try:
                return self._connected()
            except duckdb.Error as error:
                damage = _judged(error, self.path)
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


def _judged(error: duckdb.Error, path: Path) -> duckdb.Error:
    """The error again if it means damage; raises what the user can act on if it does not."""
    text = str(error)
    if any(sign in text for sign in _BUSY):
        holder = re.search(r"PID (\d+)", text)
        who = f"process {holder[1]}" if holder else "another process"
        raise StoreBusy(
            f"The workspace '{path.parent.name}' is in use by {who}. "
            "Close the other Cutaway, or choose another workspace."
        ) from error
    if any(sign in text for sign in _TOO_NEW):
        raise StoreTooNew(
            f"The workspace '{path.parent.name}' was written by a newer DuckDB than {duckdb.__version__}. "
            "Update duckdb, or choose another workspace."
        ) from error
    if isinstance(error, duckdb.OutOfMemoryException) or any(sign in text for sign in _NOT_DAMAGE):
        raise StoreError(_sentence(error)) from error
    return error


def _sentence(error: duckdb.Error) -> str:
    """One line without paths; the rest is in the log, through the error's cause."""
    text = str(error)
    if "No space left" in text or "File too large" in text:
        return "The workspace's disk is full. Make room, and ask again."
    if isinstance(error, duckdb.FatalException) or "invalidated" in text:
        return "The workspace's database stopped after an error. Start Cutaway again; results are kept."
    line = re.sub(r'"[^"]*[/\\][^"]*"', "a file", text.splitlines()[0])
    return f"The workspace's database failed: {line[:200]}"
