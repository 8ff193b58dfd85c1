"""One piece of work: its state, its progress, how it ended."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from analysis.errors import Cancelled
from models.errors import CutawayError

if TYPE_CHECKING:  # a worker process starts without numpy
    from analysis.types import Report

log = logging.getLogger(__name__)

T = TypeVar("T")
State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
Watch = Callable[["Job[Any]"], None]
"""Called in the job's own thread when it begins to run and when it has ended, before anybody's wait is over."""

_OUT_OF_MEMORY = ("MemoryError", "OutOfMemoryError")  # the second is torch's own


class JobFailed(CutawayError):
    """A job stopped for a reason that is not the user's."""


class Job(Generic[T]):
    """One piece of work. Read its fields at any time from any thread; only its `Jobs` runs and stops it."""

    def __init__(
        self,
        key: str,
        title: str,
        function: Callable[[Report], T],
        lane: str = "",
        watch: Watch | None = None,
    ) -> None:
        self.key = key
        self.title = title
        self.lane = lane
        self.state: State = "queued"
        self.fraction = 0.0  # done, 0 to 1; never falls
        self.message = ""
        self.submitted = time.time()  # epoch seconds, as are the next two
        self.started: float | None = None
        self.finished: float | None = None
        self.result: T | None = None  # None also once it is dropped, after many other jobs
        self.error: CutawayError | None = None
        self._function: Callable[[Report], T] | None = function
        self._watch = watch
        self._begun = (0.0, 0.0)  # when the first part was known to be done, and how much: what was there before us
        self._interrupted = False
        self._stop = threading.Event()
        self._ended = threading.Event()

    @property
    def active(self) -> bool:
        """Whether it is queued or running."""
        return self.state in ("queued", "running")

    @property
    def seconds(self) -> float:
        """How long it has run, or ran."""
        return 0.0 if self.started is None else (self.finished or time.time()) - self.started

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the pace so far; None where there is none yet."""
        if self.state != "running" or self.started is None or self.fraction < 0.01:
            return None
        since, before = self._begun
        if self.fraction - before < 0.01:  # nothing after the first step yet: the pace is that of the start
            since, before = self.started, 0.0
        return (time.time() - since) * (1 - self.fraction) / (self.fraction - before)

    def wait(self, timeout: float | None = None) -> bool:
        """Whether it ended within so many seconds. For scripts and tests; a page polls."""
        return self._ended.wait(timeout)

    def outcome(self, timeout: float | None = None) -> T:
        """Wait, then the result, or the job's error raised. TimeoutError if it takes longer."""
        if not self.wait(timeout):
            raise TimeoutError(f"'{self.title}' is not finished after {timeout:g} seconds")
        if self.error is not None:
            raise self.error
        return self.result  # pyright: ignore[reportReturnType]

    def stop(self) -> None:
        """Ask it to end at its next report."""
        self._stop.set()

    def interrupt(self) -> None:
        """As `stop`, but nobody wished it: unless it gets done or was stopped before, its state becomes that."""
        if not self._stop.is_set():
            self._interrupted = True
            self._stop.set()

    def run(self) -> None:
        """Run it in this thread, to its end; only end it if it was stopped before. It never raises."""
        if self._stop.is_set():
            self._end("cancelled", error=self._cancelled())
            return
        self.started = time.time()
        self._become("running")
        try:
            result = self._function(self._report)  # pyright: ignore[reportOptionalCall]
        except Cancelled as error:
            self._end("cancelled", error=error)
        except CutawayError as error:
            self._end("failed", error=error)
        except BaseException as error:  # a job's own failure: kept for its page, and the lane goes on
            log.exception("job '%s' (%s) failed", self.title, self.key)
            self._end("failed", error=_told(self.title, error))
        else:
            self._end("done", result=result)

    def _report(self, fraction: float, message: str) -> None:
        if self._stop.is_set():
            raise self._cancelled()
        self.fraction = max(self.fraction, min(float(fraction), 1.0))
        if self.fraction and not self._begun[1]:
            self._begun = (time.time(), self.fraction)
        self.message = message

    def _cancelled(self) -> Cancelled:
        said = "was interrupted, because Cutaway is shutting down" if self._interrupted else "was cancelled"
        return Cancelled(f"'{self.title}' {said}.")

    def _end(self, state: State, *, result: T | None = None, error: CutawayError | None = None) -> None:
        self.result, self.error = result, error
        self.fraction = 1.0 if state == "done" else self.fraction
        self.finished = time.time()
        self._function = None  # it may hold images and networks
        self._become("interrupted" if self._interrupted and state != "done" else state)
        self._ended.set()

    def _become(self, state: State) -> None:
        self.state = state
        if self._watch is not None:
            try:
                self._watch(self)
            except Exception:  # the work goes on, whoever watches it
                log.exception("watching job '%s' (%s), now %s, failed", self.title, self.key, state)


def _told(title: str, error: BaseException) -> JobFailed:
    name = getattr(error, "raised", type(error).__name__)  # a worker process tells what was raised there
    if isinstance(error, MemoryError) or name in _OUT_OF_MEMORY:
        said = f"'{title}' needs more memory than there is. Choose fewer images, methods or layers, and try again."
    else:
        said = f"'{title}' stopped because of an error in Cutaway ({name}). The log has the details."
    failure = JobFailed(said)
    failure.__cause__ = error.with_traceback(None)  # frames would keep arrays alive
    return failure
