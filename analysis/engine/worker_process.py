"""The owner's handle on one worker process: started, told, listened to, ended.

A plain subprocess with a module of its own, because `multiprocessing` would import the main module again,
which under Streamlit is the page.
"""

import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from analysis.engine.job import JobFailed
from analysis.engine.messages import decoded, encoded

log = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[2]
_MEMORY_KILLS = (-9, 137)  # SIGKILL, as Popen and as a shell tell it
_LAST_WORDS = 0.5  # seconds for what it said before it died to arrive
_PATIENCE = 2.0  # seconds for a process to go after its pipe was closed


class WorkerProcess:
    """One process. JobFailed if it cannot be started."""

    def __init__(self, name: str, nice: int) -> None:
        self._heard: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()  # None: nothing more will come
        born: Future[subprocess.Popen[bytes]] = Future()
        self._thread = threading.Thread(target=self._live, args=(nice, born), name=f"worker-{name}", daemon=True)
        self._thread.start()
        try:
            self._process = born.result()
        except OSError as error:
            raise JobFailed(
                f"The worker process could not be started ({error.strerror}). Close other programs, and try again."
            ) from error

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, message: Mapping[str, Any]) -> None:
        """Say something; to a process that has died, nothing."""
        with suppress(OSError, ValueError):  # its pipe is broken, or closed by us
            self._process.stdin.write(encoded(message))  # pyright: ignore[reportOptionalMemberAccess]
            self._process.stdin.flush()  # pyright: ignore[reportOptionalMemberAccess]

    def hear(self, timeout: float) -> dict[str, Any] | None:
        """The next message; None after so many seconds without one. JobFailed once the process has ended."""
        try:
            message = self._heard.get(timeout=timeout)
        except queue.Empty:
            if self.alive:
                return None
            self._thread.join(_LAST_WORDS)  # for ever if a process that it started holds the pipe open
            message = None if self._heard.empty() else self._heard.get()
        if message is None:
            self._process.wait()
            raise JobFailed(_ending(self._process.returncode))
        return message

    def close(self) -> None:
        """End it: by closing its pipe, and if need be by force. Twice is once."""
        with suppress(OSError):
            self._process.stdin.close()  # pyright: ignore[reportOptionalMemberAccess]
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)
        self.kill()

    def kill(self) -> None:
        """End it now."""
        self._process.kill()  # does nothing to one that has ended
        self._process.wait()
        with suppress(OSError):
            self._process.stdin.close()  # pyright: ignore[reportOptionalMemberAccess]
        self._thread.join(_PATIENCE)

    def _live(self, nice: int, born: "Future[subprocess.Popen[bytes]]") -> None:
        """Start it and read it to its end, in one thread: Linux ends a child with the THREAD that started it."""
        try:
            process = _started(nice)
        except OSError as error:
            born.set_exception(error)
            return
        born.set_result(process)
        with process.stdout as answers:  # pyright: ignore[reportOptionalContextManager]
            for line in answers:
                try:
                    self._heard.put(decoded(line))
                except ValueError:  # it died within a word
                    log.warning("worker process %d said something that is not JSON: %r", process.pid, line[:200])
        process.wait()
        self._heard.put(None)


def _started(nice: int) -> "subprocess.Popen[bytes]":
    paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    # -P: what lies in the current folder shadows no module; -u: prints reach the log as they come
    python = [sys.executable, "-P", "-u", "-X", "faulthandler"]
    return subprocess.Popen(
        [*python, "-m", "analysis.engine.worker_child", str(nice), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # threads that wait by spinning take the time of those that decode, and of the server
        env={"OMP_WAIT_POLICY": "PASSIVE", **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )


def _ending(code: int) -> str:
    if code in _MEMORY_KILLS:
        return (
            "The system ended the worker process, most likely because the machine ran out of memory. "
            "Choose a smaller batch or fewer images, and try again."
        )
    how = f"with code {code}" if code >= 0 else f"by the signal {_signal_name(-code)}"
    return f"The worker process ended {how} in the middle of the work. The log has what it said last. Try again."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
