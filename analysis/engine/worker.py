"""A process that computes for this one, so that pages never wait for Python's lock and a crash takes nobody along.

It is started when first called, kept warm with what it has imported and loaded, and ended after idle minutes.
What goes wrong in numba or runs out of memory ends only it; the next call starts a new one.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from analysis.engine.job import JobFailed
from analysis.engine.messages import encoded, rebuilt
from analysis.engine.worker_process import WorkerProcess
from analysis.types import Report, silent

_TICK = 0.1  # seconds between two looks at whether the user has cancelled


class WorkerClosed(JobFailed):
    """The owner closed it in the middle of a call: what was asked is as unfinished as if nobody had asked."""


class Worker:
    """One process at a time, one call at a time. Close it at the end.

    nice: steps by which it yields to the pages, 0-19. idle_seconds: how long it is kept without work.
    grace_seconds: how long a cancelled function may take to its next report before it is ended by force.
    """

    def __init__(self, name: str, *, nice: int = 10, idle_seconds: float = 300.0, grace_seconds: float = 10.0) -> None:
        self.name = name
        self._nice = nice
        self._idle_seconds = idle_seconds
        self._grace_seconds = grace_seconds
        self._process: WorkerProcess | None = None
        self._alone = threading.Lock()  # held for the length of a call
        self._retiring: threading.Timer | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the process; None where there is none now."""
        process = self._process
        return process.pid if process is not None and process.alive else None

    def call(self, function: str, arguments: Mapping[str, Any], report: Report = silent) -> Any:
        """Run "package.module:function" there as `function(arguments, report)`; what it returns.

        Arguments and result are JSON; TypeError or ValueError, before anything starts, for others. `report` is
        called in this thread several times a second, and what it raises stops the work. What the function
        raises is raised here: a CutawayError as it is, else RaisedInWorker. JobFailed if the process dies,
        WorkerClosed if it is this object that ends it.
        """
        message = {"function": function, "arguments": dict(arguments)}
        encoded(message)
        with self._turn(report):
            try:
                return self._answer(self._begun(message, report), report)
            except JobFailed as error:
                if self._closed:
                    raise WorkerClosed("Cutaway is shutting down; its worker process has been ended.") from error
                raise

    def close(self) -> None:
        """End the process, in the middle of a call too. No more calls after it."""
        self._closed = True
        self._let_stay()
        if (process := self._process) is not None:
            process.close()

    @contextmanager
    def _turn(self, report: Report) -> Iterator[None]:
        while not self._alone.acquire(timeout=_TICK):
            report(0.0, "waiting for other work")
        try:
            self._let_stay()
            yield
        finally:
            if not self._closed:
                self._retiring = threading.Timer(self._idle_seconds, self._retire)
                self._retiring.daemon = True
                self._retiring.start()
            self._alone.release()

    def _begun(self, message: Mapping[str, Any], report: Report) -> WorkerProcess:
        """A process that has taken the call. One that died idle, perhaps just now, is replaced without a word."""
        for last in (False, True):
            process = self._ready()
            process.send(message)
            try:
                while "begun" not in (process.hear(_TICK) or {}):
                    self._tell(process, report, 0.0, "starting")
                return process
            except JobFailed:
                if last or self._closed:
                    raise
        raise AssertionError("unreachable")

    def _ready(self) -> WorkerProcess:
        if self._closed:
            raise WorkerClosed("Cutaway is shutting down and takes no more work.")
        if self._process is None or not self._process.alive:
            if self._process is not None:
                self._process.kill()  # it has died; let go of its pipes
            self._process = WorkerProcess(self.name, self._nice)
            if self._closed:  # meanwhile
                self._process.close()
        return self._process

    def _answer(self, process: WorkerProcess, report: Report) -> Any:
        progress = (0.0, "starting")
        while True:
            message = process.hear(_TICK) or {}
            if "result" in message:
                return message["result"]
            if "error" in message:
                raise rebuilt(message["error"])
            progress = message.get("progress", progress)
            self._tell(process, report, *progress)

    def _tell(self, process: WorkerProcess, report: Report, fraction: float, message: str) -> None:
        try:
            report(fraction, message)
        except BaseException:
            self._stop(process)
            raise

    def _stop(self, process: WorkerProcess) -> None:
        """Have the function stop at its next report; if there is none in time, end the process."""
        process.send({"cancel": True})
        deadline = time.monotonic() + self._grace_seconds
        with suppress(JobFailed):  # it has ended
            while time.monotonic() < deadline:
                if {"result", "error"} & (process.hear(_TICK) or {}).keys():
                    return
            process.kill()

    def _let_stay(self) -> None:
        if self._retiring is not None:
            self._retiring.cancel()

    def _retire(self) -> None:
        if self._alone.acquire(blocking=False):
            if self._process is not None:
                self._process.close()
            self._process = None
            self._alone.release()
