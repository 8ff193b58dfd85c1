"""A folder that appears whole or not at all.

Files are written under a temporary name beside their place, forced to the disk, and renamed. What a killed
process left is removed by a later import once nothing in it has changed for a day.
"""

import errno
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis.errors import DataError

_SUFFIX = ".part"
_STALE_SECONDS = 24 * 3600
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def writing(what: str) -> Iterator[None]:
    """OSErrors of writing, as sentences."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DataError(
                f"The disk is full: {what} could not be written, and nothing of it was kept. "
                "Make room (the Workspace page shows what takes it) and try again."
            ) from error
        raise DataError(
            f"{what[:1].upper()}{what[1:]} could not be written ({error.strerror or error}), and nothing of it was "
            "kept. Check that the workspace is writable."
        ) from error


def temporary(folder: Path) -> Path:
    """A new folder for one import, in the folder that the result will be renamed into."""
    folder.mkdir(parents=True, exist_ok=True)
    remove_stale(folder)
    path = folder / f".{uuid.uuid4().hex}{_SUFFIX}"
    path.mkdir()
    return path


def remove_stale(folder: Path, older_than_seconds: float = _STALE_SECONDS) -> int:
    """Remove temporary folders in which nothing has changed for so long; their number."""
    removed = 0
    for path in folder.glob(f".*{_SUFFIX}"):
        try:
            latest = max(p.stat().st_mtime for p in (path, *path.iterdir()))
        except OSError:  # its owner has just finished
            continue
        if latest < time.time() - older_than_seconds:
            shutil.rmtree(path, ignore_errors=True)
            removed += 1
    return removed


def publish(part: Path, place: Path) -> bool:
    """Force a folder's files to the disk and rename it; False where the place was taken already."""
    for path in part.iterdir():
        _sync(path)
    _sync(part)
    try:
        part.rename(place)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.EACCES) and place.is_dir():
            return False
        raise
    _sync(place.parent)
    return True


def replace_text(path: Path, text: str) -> None:
    """A file's new text, whole or not at all."""
    part = path.with_name(f".{uuid.uuid4().hex}{_SUFFIX}")
    try:
        part.write_text(text, encoding="utf-8")
        _sync(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():  # Windows opens no folders
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
