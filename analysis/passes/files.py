"""Files that are whole or not there: a temporary name, flushed to the disk, renamed."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import CutawayError

TEMPORARY = ".part"


class WriteFailed(CutawayError):
    """The disk did not take what a pass wanted to keep."""


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file, then give it its name: after a crash it is there whole, or not at all."""
    temporary = path.with_name(path.name + TEMPORARY)
    with told(path):
        try:
            write(temporary)
            rename_flushed(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)  # a full disk gets back what was begun


def rename_flushed(temporary: Path, path: Path) -> None:
    """Give a written file its name, once its contents are on the disk; the name is on the disk too afterwards."""
    with temporary.open("rb+") as opened:
        os.fsync(opened.fileno())
    temporary.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """The names in a folder, to the disk. Windows has no such call, and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """A refusal of the disk as a WriteFailed with what to do."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        advice = "Make the workspace writable"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            advice = "Make room on the workspace's disk"
        raise WriteFailed(
            f"The file {path.name.removesuffix(TEMPORARY)} of the pass could not be written: {reason}. "
            f"{advice} and start it again: it goes on where it was."
        ) from error
