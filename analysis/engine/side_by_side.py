"""Several works at a time in threads of one process, where libraries would spend all cores on each."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from analysis.errors import Cancelled
from analysis.types import Report

MOST = 8
"""At a time, on whatever machine: each holds what it works on in memory."""


def side_by_side(works: Sequence[Callable[[Report], None]], report: Report, workers: int = 0) -> None:
    """Do works that need nothing of each other, as many at a time as there are cores, at most 8. workers: so many.

    Each takes one thread of linear algebra: of many small matrices that is faster than all threads for every product.
    report is told how much of all is done, from several threads but never from two at once. What it raises, or a work
    does, is raised here once the others have ended, at their next report or whole; those that wait are not begun.
    """
    together = _Together(works, report)
    workers = min(len(works), workers or os.cpu_count() or 1, MOST)
    if workers < 2:
        for number in range(len(works)):
            together.do(number)
    else:
        from threadpoolctl import threadpool_limits

        with (
            threadpool_limits(1),  # of OpenBLAS in the whole process, until the end; of OpenMP in each thread:
            ThreadPoolExecutor(workers, "side-by-side", initializer=threadpool_limits, initargs=(1,)) as pool,
        ):
            list(pool.map(together.do, range(len(works))))
    if together.error is not None:
        raise together.error


class _Together:
    """What the threads share: how far each work is, and the first error."""

    def __init__(self, works: Sequence[Callable[[Report], None]], report: Report) -> None:
        self.error: BaseException | None = None
        self._works, self._report = works, report
        self._done = [0.0] * len(works)
        self._lock = threading.Lock()

    def do(self, number: int) -> None:
        if self.error is not None:
            return
        try:
            self._works[number](lambda fraction, message: self._told(number, fraction, message))
        except BaseException as error:  # noqa: BLE001  raised where the works were given
            with self._lock:
                self.error = self.error or error
        self._done[number] = 1.0

    def _told(self, number: int, fraction: float, message: str) -> None:
        with self._lock:
            if self.error is not None:
                raise Cancelled("Another part of the work has ended it.")
            self._done[number] = fraction
            self._report(sum(self._done) / len(self._done), message)
