"""One thread that writes: DuckDB refuses concurrent upserts of one key, and many small commits are slow."""

import queue
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from duckdb import DuckDBPyConnection

from analysis.errors import StoreError
from analysis.store.database import Database
from analysis.store.failures import is_conflict

T = TypeVar("T")
Write = Callable[[DuckDBPyConnection], T]
_Item = tuple[Write | None, Future]  # no write: a checkpoint

_BATCH = 256
_TRIES = 20


class Writer:
    """Takes writes from any thread, commits those that wait together, and answers each after its commit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="store-writer", daemon=True)
        self._thread.start()

    def do(self, write: Write[T]) -> T:
        """Run `write(cursor)` in a transaction; what it returns, once it is committed.

        A write may run more than once (a conflict, or a neighbour in its batch that failed), so it must
        change nothing but the database. StoreError if the database refuses.
        """
        return self._answer(write)

    def checkpoint(self) -> None:
        """Write the log into the file, between two batches."""
        self._answer(None)

    def _answer(self, write: Write | None) -> Any:
        done: Future = Future()
        with self._lock:
            if self._closed:
                raise StoreError("The workspace has been closed. Open it again.")
            self._queue.put((write, done))
        return done.result()

    def close(self) -> None:
        """Commit what was asked before, and end the thread. Twice is once."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _loop(self) -> None:
        while (first := self._queue.get()) is not None:
            batch: list[_Item | None] = [first]
            while len(batch) < _BATCH and not self._queue.empty():
                batch.append(self._queue.get())
            self._commit([item for item in batch if item and item[0]])
            for item in batch:
                if item and item[0] is None:
                    self._checkpoint(item[1])
            if batch[-1] is None:
                return

    def _commit(self, batch: list[_Item]) -> None:
        try:
            results = self._committed([write for write, _ in batch if write])
        except BaseException as error:  # noqa: BLE001  it goes to whoever asked; the thread serves the others
            if len(batch) == 1:
                batch[0][1].set_exception(error)
            else:
                for item in batch:
                    self._commit([item])
            return
        for (_, done), result in zip(batch, results, strict=True):
            done.set_result(result)

    def _checkpoint(self, done: Future) -> None:
        try:
            with self._database.cursor() as cursor:
                cursor.execute("CHECKPOINT")
        except BaseException as error:  # noqa: BLE001  as in _commit
            done.set_exception(error)
        else:
            done.set_result(None)

    def _committed(self, writes: list[Write]) -> list[Any]:
        if not writes:
            return []
        for attempt in range(_TRIES):
            try:
                with self._database.cursor() as cursor:
                    cursor.execute("BEGIN")
                    results = [write(cursor) for write in writes]
                    cursor.execute("COMMIT")
                    return results
            except StoreError as error:
                if attempt == _TRIES - 1 or not is_conflict(error.__cause__):
                    raise
                time.sleep(random.uniform(0.0, 0.01) * (attempt + 1))
        raise AssertionError("unreachable")
