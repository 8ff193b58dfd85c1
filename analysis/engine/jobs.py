"""Work that outlives a page: queued, run once, watched, stopped.

One `Jobs` serves the whole process. A page submits under a key, keeps the key, and polls `get(key)`;
it never waits. What is computed goes to the store from inside the job, so a result dropped here is not lost.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from analysis.engine.job import Job
from analysis.types import Report
from models.errors import CutawayError

T = TypeVar("T")

_RESULTS_KEPT = 16
_JOBS_KEPT = 128


class QueueFull(CutawayError):
    pass


class Jobs:
    """A bounded queue worked off by so many lanes (threads). Close it, or use it as a context."""

    def __init__(self, lanes: int = 1, limit: int = 64) -> None:
        self._limit = limit
        self._jobs: dict[str, Job] = {}  # by key, oldest submission first
        self._queue: deque[Job] = deque()
        self._ended: deque[Job] = deque()
        self._condition = threading.Condition()
        self._closed = False
        self._lanes = [threading.Thread(target=self._work, name=f"lane-{i}", daemon=True) for i in range(lanes)]
        for lane in self._lanes:
            lane.start()

    def __enter__(self) -> "Jobs":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, key: str, title: str, function: Callable[[Report], T]) -> Job[T]:
        """Queue `function(report)`; the job already queued or running under that key, if there is one.

        The function calls `report` often: that is where it is cancelled. QueueFull when too many wait.
        """
        with self._condition:
            if self._closed:
                raise QueueFull("Cutaway is shutting down and takes no more work.")
            job = self._jobs.get(key)
            if job is not None and job.active:
                return job
            if len(self._queue) >= self._limit:
                raise QueueFull(
                    f"{len(self._queue)} jobs are waiting already, which is the most. Wait for some, or cancel some."
                )
            job = Job(key, title, function)
            self._jobs.pop(key, None)
            self._jobs[key] = job
            self._queue.append(job)
            self._condition.notify()
            return job

    def get(self, key: str) -> Job | None:
        """The last job of that key, while it is remembered."""
        return self._jobs.get(key)

    def list(self) -> list[Job]:
        """All that are remembered, oldest first."""
        with self._condition:
            return [*self._jobs.values()]

    def cancel(self, key: str) -> bool:
        """Ask a job to stop: a queued one is out at once, a running one at its next report. Whether it was active."""
        with self._condition:
            job = self._jobs.get(key)
            if job is None or not job.active:
                return False
            job.stop()
            if job in self._queue:
                self._queue.remove(job)
                job.run()  # it ends at once, having been stopped
                self._remember(job)
            return True

    def close(self, timeout: float = 5.0) -> None:
        """Cancel everything and let the lanes end, waiting so many seconds at most."""
        with self._condition:
            self._closed = True
            keys = [*self._jobs]
            self._condition.notify_all()
        for key in keys:
            self.cancel(key)
        deadline = time.monotonic() + timeout
        for lane in self._lanes:
            lane.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._queue and not self._closed:
                    self._condition.wait()
                if not self._queue:
                    return
                job = self._queue.popleft()
            job.run()
            with self._condition:
                self._remember(job)

    def _remember(self, job: Job) -> None:
        self._ended.append(job)
        if len(self._ended) > _RESULTS_KEPT:
            self._ended[-1 - _RESULTS_KEPT].result = None
        if len(self._ended) > _JOBS_KEPT:
            forgotten = self._ended.popleft()
            if self._jobs.get(forgotten.key) is forgotten:
                del self._jobs[forgotten.key]
