"""Reading a file at its places, from several threads at once."""

import os
import threading
import weakref
from itertools import pairwise
from pathlib import Path

import numpy as np

from analysis.errors import DataError


class FileReader:
    """A file that stays open; closed when nobody holds it any more."""

    def __init__(self, path: Path, start: int = 0) -> None:
        self._start = start  # added to every offset
        self._name = path.name
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
        self._lock = threading.Lock()  # only where the system has no pread
        weakref.finalize(self, os.close, self._descriptor)

    def read(self, offset: int, length: int) -> bytes:
        """Just these bytes; DataError where the file ends before."""
        parts = []
        while length > 0:
            part = self._read_some(offset, length)
            if not part:
                raise DataError(
                    f"The dataset's file {self._name} is cut short. Delete the dataset and import it again."
                )
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read_some(self, offset: int, length: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._descriptor, length, self._start + offset)
        with self._lock:
            os.lseek(self._descriptor, self._start + offset, os.SEEK_SET)
            return os.read(self._descriptor, length)


def read_images(file: FileReader, rows: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """The rows (n,) of a file of equal images -> (n, H, W, C) uint8; neighbours are read together."""
    size = int(np.prod(shape))
    result = np.empty((len(rows), size), np.uint8)
    breaks = np.flatnonzero(np.diff(rows) != 1) + 1
    starts = [0, *breaks.tolist(), len(rows)]
    for first, last in pairwise(starts):
        if first == last:
            continue
        data = file.read(int(rows[first]) * size, (last - first) * size)
        result[first:last] = np.frombuffer(data, np.uint8).reshape(last - first, size)
    return result.reshape(len(rows), *shape)
