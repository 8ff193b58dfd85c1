"""An .npy file of images that are written as they come."""

import io
from pathlib import Path

import numpy as np


class PixelsFile:
    """It grows: its header is written again at the end, when the number of images is known."""

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self._count = 0
        self._file = path.open("wb")
        self._file.write(self._header())

    def write(self, images: np.ndarray) -> None:
        self._file.write(np.ascontiguousarray(images).data)
        self._count += len(images)

    def close(self) -> None:
        """Also after a failure; may raise OSError once."""
        try:
            if not self._file.closed:
                self._file.seek(0)
                self._file.write(self._header())
        finally:
            self._file.close()

    def _header(self) -> bytes:
        """numpy leaves room for the first axis to grow, so the length stays."""
        header = io.BytesIO()
        shape = (self._count, *self.shape)
        np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
        return header.getvalue()
