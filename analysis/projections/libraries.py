"""How the libraries that lay samples out are kept quiet, and listened to."""

import contextlib
import logging
import re
import warnings
from collections.abc import Iterator

from analysis.types import Report


@contextlib.contextmanager
def quiet(*loggers: str) -> Iterator[None]:
    """Warnings and log lines of these libraries are not for users: what matters of them is said in remarks."""
    found = [logging.getLogger(name) for name in loggers]
    levels = [logger.level for logger in found]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in found:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(found, levels, strict=True):
                logger.setLevel(level)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """numba on one thread: sums in one order, so that a seed gives one picture."""
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)


def epochs(ticks: "Ticks") -> dict[str, object]:
    """What has tqdm write "12/500" to `ticks` after each epoch, at once and from the thread that does the work."""
    return {"file": ticks, "disable": False, "bar_format": "{n_fmt}/{total_fmt}", "miniters": 1, "mininterval": 0.1}


class Ticks:
    """A file that tqdm writes its bar to, read as progress. What the report raises ends the work that ticks."""

    def __init__(self, report: Report, start: float = 0.0, end: float = 1.0) -> None:
        self._report, self._start, self._end = report, start, end
        self._ended = False

    def write(self, text: str) -> None:
        found = re.search(r"(\d+)/(\d+)", text)
        if found is None or self._ended:
            return
        done, of = int(found[1]), int(found[2])
        try:
            self._report(self._start + (self._end - self._start) * done / max(1, of), f"epoch {done} of {of}")
        except BaseException:
            self._ended = True  # the bar is closed while this passes, and writes again
            raise

    def flush(self) -> None:
        """Nothing is held back."""
