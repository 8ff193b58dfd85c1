"""Features of a tap in one .npy file, filled part by part and read back memory-mapped.

Written with plain writes into a file of its full size, not through a memory map: a full disk is then an error and not
the end of the process, and what was written does not count as the process's memory. It has a temporary name until
the pass is whole.
"""

import errno
import os
from pathlib import Path
from urllib.parse import quote

import numpy as np

from analysis.passes.files import TEMPORARY, rename_flushed, told, write_whole


def feature_path(folder: Path, tap: str) -> Path:
    """Where a pass keeps what it read at a tap, (N, D) float32; the module's name may hold any character."""
    return folder / f"features-{quote(tap, safe='')}.npy"


class FeatureFile:
    """(N, D) float32 on the disk, while a pass fills it."""

    def __init__(self, folder: Path, tap: str, samples: int) -> None:
        self.path = feature_path(folder, tap)
        self.samples = samples
        self._place = self.temporary
        self._begin: int | None = None  # bytes before the first row

    @property
    def temporary(self) -> Path:
        return self.path.with_name(self.path.name + TEMPORARY)

    @property
    def usable(self) -> bool:
        """Whether what was written before, if a part was acknowledged, is still there."""
        return any(_rows(p) == self.samples for p in (self.path, self.temporary))

    def write(self, start: int, values: np.ndarray) -> None:
        """Put the rows (n, D) from sample `start` on the disk."""
        values = np.ascontiguousarray(values, dtype=np.float32)
        if self._begin is None:
            if not self.usable:
                self._make(values.shape[1])
            self._place = self.path if self.path.exists() else self.temporary
            self._begin = _header(self._place)
        with told(self.path), self._place.open("rb+") as opened:
            opened.seek(self._begin + start * values.shape[1] * values.itemsize)
            opened.write(values.data)
            opened.flush()
            os.fsync(opened.fileno())

    def finish(self) -> None:
        """Give it its name."""
        if self.temporary.exists():
            with told(self.path):
                rename_flushed(self.temporary, self.path)

    def _make(self, width: int) -> None:
        """The header and the room for all rows, so that a disk too small is known at the start."""

        def fill(path: Path) -> None:
            with path.open("wb") as opened:
                header = {"descr": "<f4", "fortran_order": False, "shape": (self.samples, width)}
                np.lib.format.write_array_header_1_0(opened, header)
                size = opened.tell() + self.samples * width * 4
                opened.flush()
                _reserve(opened.fileno(), size)
                opened.truncate(size)

        self.path.unlink(missing_ok=True)
        write_whole(self.temporary, fill)


def _reserve(descriptor: int, size: int) -> None:
    """Room on the disk, where the system can promise it."""
    try:
        os.posix_fallocate(descriptor, 0, size)
    except AttributeError:
        return
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            raise


def _header(path: Path) -> int:
    with path.open("rb") as opened:
        np.lib.format.read_magic(opened)
        np.lib.format.read_array_header_1_0(opened)
        return opened.tell()


def _rows(path: Path) -> int | None:
    """How many rows a file of features has room for; None where it is none."""
    try:
        return len(np.load(path, mmap_mode="r"))
    except (OSError, ValueError):
        return None
