"""One piece of work: its state, its progress, how it ended."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, Literal, TypeVar

from analysis.errors import Cancelled
from analysis.types import Report
from models.errors import CutawayError

log = logging.getLogger(__name__)

T = TypeVar("T")
State = Literal["queued", "running", "done", "failed", "cancelled"]


class JobFailed(CutawayError):
    """A job stopped for a reason that is not the user's."""


class Job(Generic[T]):
    """One piece of work. Read its fields at any time from any thread; only its `Jobs` runs and stops it."""

    def __init__(self, key: str, title: str, function: Callable[[Report], T]) -> None:
        self.key = key
        self.title = title
        self.state: State = "queued"
        self.fraction = 0.0  # done, 0 to 1; never falls
        self.message = ""
        self.submitted = time.time()  # epoch seconds, as are the next two
        self.started: float | None = None
        self.finished: float | None = None
        self.result: T | None = None  # None also once it is dropped, after many other jobs
        self.error: CutawayError | None = None
        self._function: Callable[[Report], T] | None = function
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
        if self.state != "running" or self.fraction < 0.01:
            return None
        return self.seconds * (1 - self.fraction) / self.fraction

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

    def run(self) -> None:
        """Run it in this thread, to its end. It never raises."""
        self.started, self.state = time.time(), "running"
        try:
            self._report(0.0, "")  # it may have been stopped while it waited
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
            raise Cancelled(f"'{self.title}' was cancelled.")
        self.fraction = max(self.fraction, min(float(fraction), 1.0))
        self.message = message

    def _end(self, state: State, *, result: T | None = None, error: CutawayError | None = None) -> None:
        self.result, self.error = result, error
        self.fraction = 1.0 if state == "done" else self.fraction
        self.finished = time.time()
        self._function = None  # it may hold images and networks
        self.state = state
        self._ended.set()


def _told(title: str, error: BaseException) -> JobFailed:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's own has no other name
        said = f"'{title}' needs more memory than there is. Choose fewer images, methods or layers, and try again."
    else:
        said = f"'{title}' stopped because of an error in Cutaway ({type(error).__name__}). The log has the details."
    failure = JobFailed(said)
    failure.__cause__ = error.with_traceback(None)  # frames would keep arrays alive
    return failure
