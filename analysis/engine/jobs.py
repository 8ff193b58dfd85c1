"""Work that outlives a page: queued, run once, watched, stopped.

One `Jobs` serves the whole process. A page submits under a key, keeps the key, and polls `get(key)`;
it never waits. What is computed goes to the store from inside the job, so a result dropped here is not lost.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TypeVar

from analysis.engine.job import Job, Watch
from analysis.types import Report
from models.errors import CutawayError

T = TypeVar("T")

EXPLAIN = "explain"
"""The lane of those who name none: short work in this process."""

_RESULTS_KEPT = 16
_JOBS_KEPT = 128


class QueueFull(CutawayError):
    pass


class Jobs:
    """Lanes, each a queue in order and so many threads that work it off. Close it, or use it as a context.

    lanes: threads by the lane's name; a number stands for one lane named "explain" with so many.
    limit: jobs that wait, over all lanes.
    """

    def __init__(self, lanes: int | Mapping[str, int] = 1, limit: int = 64) -> None:
        lanes = {EXPLAIN: lanes} if isinstance(lanes, int) else lanes
        self._limit = limit
        self._jobs: dict[str, Job] = {}  # by key, oldest submission first
        self._queues: dict[str, deque[Job]] = {name: deque() for name in lanes}
        self._ended: deque[Job] = deque()
        self._condition = threading.Condition()
        self._closed = False
        self._lanes = [
            threading.Thread(target=self._work, args=(self._queues[name],), name=f"lane-{name}-{i}", daemon=True)
            for name, threads in lanes.items()
            for i in range(threads)
        ]
        for lane in self._lanes:
            lane.start()

    def __enter__(self) -> "Jobs":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(
        self,
        key: str,
        title: str,
        function: Callable[[Report], T],
        lane: str = EXPLAIN,
        watch: Watch | None = None,
        *,
        bounded: bool = True,
    ) -> Job[T]:
        """Queue `function(report)`; the job already queued or running under that key, if there is one.

        The function calls `report` often: that is where it is cancelled. `watch(job)` is called in the job's
        thread when it begins and when it has ended. QueueFull when too many wait, unless not `bounded`: what was
        accepted before a restart is not refused after it.
        """
        with self._condition:
            if self._closed:
                raise QueueFull("Cutaway is shutting down and takes no more work.")
            job = self._jobs.get(key)
            if job is not None and job.active:
                return job
            waiting = sum(len(queue) for queue in self._queues.values())
            if bounded and waiting >= self._limit:
                raise QueueFull(
                    f"{waiting} jobs are waiting already, which is the most. Wait for some, or cancel some."
                )
            job = Job(key, title, function, lane, watch)
            self._queues[lane].append(job)
            self._jobs.pop(key, None)
            self._jobs[key] = job
            self._condition.notify_all()  # one lane's threads cannot be told from another's
            return job

    def get(self, key: str) -> Job | None:
        """The last job of that key, while it is remembered."""
        return self._jobs.get(key)

    def list(self) -> list[Job]:
        """All that are remembered, oldest first."""
        with self._condition:
            return [*self._jobs.values()]

    def ahead(self, key: str) -> int:
        """How many jobs of its lane are running or come first; 0 for one that does not wait."""
        with self._condition:
            job = self._jobs.get(key)
            if job is None or job not in self._queues[job.lane]:
                return 0
            running = sum(other.lane == job.lane and other.state == "running" for other in self._jobs.values())
            return running + self._queues[job.lane].index(job)

    def cancel(self, key: str) -> bool:
        """Ask a job to stop: a queued one is out at once, a running one at its next report. Whether it was active."""
        with self._condition:
            job = self._jobs.get(key)
            if job is None or not job.active:
                return False
            job.stop()
            waits = job in self._queues[job.lane]
            if waits:
                self._queues[job.lane].remove(job)
        if waits:
            self._finish(job)  # it ends at once, having been stopped
        return True

    def forget(self, key: str) -> None:
        """Remember a job that has ended no longer."""
        with self._condition:
            if (job := self._jobs.get(key)) is not None and not job.active:
                del self._jobs[key]

    def close(self, timeout: float = 5.0) -> None:
        """Interrupt everything and let the lanes end, waiting so many seconds at most."""
        with self._condition:
            self._closed = True
            for job in self._jobs.values():
                job.interrupt()
            waiting = [job for queue in self._queues.values() for job in queue]
            for queue in self._queues.values():
                queue.clear()
            self._condition.notify_all()
        for job in waiting:
            self._finish(job)
        deadline = time.monotonic() + timeout
        for lane in self._lanes:
            lane.join(max(0.0, deadline - time.monotonic()))

    def _work(self, queue: deque[Job]) -> None:
        while True:
            with self._condition:
                while not queue and not self._closed:
                    self._condition.wait()
                if not queue:
                    return
                job = queue.popleft()
            self._finish(job)

    def _finish(self, job: Job) -> None:
        """Run it to its end, outside the lock: whoever watches it may ask for other jobs."""
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
