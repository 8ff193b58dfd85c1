"""The worker process's side: `python -m analysis.engine.worker_child NICE OWNER`, started by `worker_process`.

Calls come in on what was stdin, answers go out on what was stdout; whatever the functions print goes to stderr,
which is the owner's log. It may be killed at any time: what it writes, it writes to a temporary name and renames.
"""

import ctypes
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from analysis.engine.messages import decoded, described, encoded, named
from analysis.errors import Cancelled

_PAUSE = 0.1  # seconds between two progress messages
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, see prctl(2)
_FIRST_TO_GO = 500  # of 1000: when memory runs out, the system should end this process rather than its owner


class Answers:
    """The way back to the owner, whole lines from any thread."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def send(self, line: bytes) -> None:
        with self._lock:
            self._pipe.write(line)
            self._pipe.flush()


class Progress:
    """A Report that sends the newest word ten times a second at most, and the last one always."""

    def __init__(self, answers: Answers, cancelled: threading.Event) -> None:
        self._answers = answers
        self._cancelled = cancelled
        self._newest: queue.SimpleQueue[tuple[float, str] | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send, name="progress", daemon=True)
        self._thread.start()

    def __call__(self, fraction: float, message: str) -> None:
        if self._cancelled.is_set():
            raise Cancelled("The work was cancelled.")
        self._newest.put((float(fraction), str(message)))

    def close(self) -> None:
        """Send what is left."""
        self._over.set()
        self._newest.put(None)
        self._thread.join()

    def _send(self) -> None:
        said = self._newest.get()
        while said is not None:
            end = False
            while not self._newest.empty() and not end:
                newer = self._newest.get()
                end, said = newer is None, newer or said
            with suppress(OSError):  # the owner is gone, and so are we in a moment
                self._answers.send(encoded({"progress": said}))
            if end:
                return
            self._over.wait(_PAUSE)
            said = self._newest.get()


def main(nice: int, owner: int) -> None:
    """Serve one call after the other until the owner closes the pipe, or is no more."""
    calls, answers = _taken_over()
    _humble(nice)
    _die_with(owner)
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    cancelled = threading.Event()
    threading.Thread(target=_listen, args=(calls, answers, waiting, cancelled), name="listener", daemon=True).start()
    while True:
        _serve(waiting.get(), answers, cancelled)


def _serve(call: Mapping[str, Any], answers: Answers, cancelled: threading.Event) -> None:
    progress = Progress(answers, cancelled)
    try:
        answer = encoded({"result": named(call["function"])(call["arguments"], progress)})
    except BaseException as error:  # noqa: BLE001  it crosses to the owner, which raises it there
        answer = encoded({"error": described(error)})
    progress.close()
    answers.send(answer)


def _listen(
    calls: IO[bytes],
    answers: Answers,
    waiting: "queue.SimpleQueue[dict[str, Any]]",
    cancelled: threading.Event,
) -> None:
    for line in calls:
        message = decoded(line)
        if "cancel" in message:
            cancelled.set()
        else:
            cancelled.clear()
            answers.send(encoded({"begun": True}))
            waiting.put(message)
    os._exit(0)  # the owner has closed the pipe, or has died: at once, whatever is going on


def _taken_over() -> tuple[IO[bytes], Answers]:
    """Our own copies of the two pipes; from now on nothing else reads the one or prints into the other."""
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return calls, Answers(answers)


def _humble(nice: int) -> None:
    """Yield to the pages; leave the ending to the owner, which has been told to stop itself by the same signal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(nice)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_FIRST_TO_GO))


def _die_with(owner: int) -> None:
    """The pipe's end is enough while Python runs; code that holds its lock for long needs the kernel's word too."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != owner:  # it died before we had said so
        os._exit(0)


if __name__ == "__main__":
    logging.basicConfig(format=f"%(asctime)s worker {os.getpid()} %(levelname)s %(name)s: %(message)s")
    main(int(sys.argv[1]), int(sys.argv[2]))
