"""The image, pixel and mask files of a dataset while it is being written; see `layout` for what is in them."""

import contextlib
import hashlib
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from analysis.datasets import layout
from analysis.datasets.examining import Examined
from analysis.datasets.pixels_file import PixelsFile
from analysis.errors import DataError


class PartFiles:
    """Opened when first needed, in the folder that will be renamed. Every method may raise OSError."""

    def __init__(self, part: Path) -> None:
        self._part = part
        self._files: dict[str, BinaryIO] = {}
        self._lengths: dict[str, int] = {}
        self._pixels: PixelsFile | None = None
        self._decoded = True  # whether all image files so far have one small size

    def add_file(self, seen: Examined) -> dict[str, Any]:
        """An image file -> its place. Its pixels are kept too, as long as every one so far has one small size."""
        offset = self._append(layout.FILES, seen.data)
        fits = self._pixels is None or (seen.pixels is not None and self._pixels.shape == seen.pixels.shape)
        self._decoded = self._decoded and seen.pixels is not None and fits
        if self._decoded and seen.pixels is not None:
            self._add_pixels(seen.pixels[None])
        return {"_offset": offset, "_length": len(seen.data)}

    def add_arrays(self, images: np.ndarray) -> dict[str, Any]:
        """A block (n, H, W, C) uint8 -> the place in the file of image files, where it has none."""
        shape = images.shape[1:]
        if self._pixels is not None and self._pixels.shape != shape:
            raise DataError(
                f"The images of an array dataset have one shape: {self._pixels.shape} came first, then {shape} "
                "(height, width, channels). Import them as two datasets."
            )
        self._add_pixels(images)
        return {"_offset": -1, "_length": 0}

    def add_mask(self, mask: np.ndarray | None, shape: tuple[int, ...], name: str) -> dict[str, Any]:
        """A mask (H, W) of an image's shape -> its place."""
        if mask is None:
            return {"_mask_offset": -1, "_mask_length": 0, "_mask_digest": ""}
        if mask.shape != shape:
            raise DataError(f"The mask of '{name}' has shape {mask.shape}, but the image {shape} (height, width).")
        plain = np.packbits(mask.astype(bool)).tobytes()
        packed = zlib.compress(plain, 1)
        offset = self._append(layout.MASKS, packed)
        digest = hashlib.sha256(plain).hexdigest()
        return {"_mask_offset": offset, "_mask_length": len(packed), "_mask_digest": digest}

    def finish(self) -> None:
        """Everything written; pixels that did not turn out to fit all images are removed."""
        self.close(quietly=False)
        if not self._decoded:
            (self._part / layout.PIXELS).unlink(missing_ok=True)

    def close(self, *, quietly: bool) -> None:
        for file in (*self._files.values(), self._pixels):
            if file is not None:
                with contextlib.suppress(*((OSError,) if quietly else ())):
                    file.close()
        self._files, self._pixels = {}, None

    def _add_pixels(self, images: np.ndarray) -> None:
        if self._pixels is None:
            self._pixels = PixelsFile(self._part / layout.PIXELS, images.shape[1:])
        self._pixels.write(images)

    def _append(self, name: str, data: bytes) -> int:
        if name not in self._files:
            self._files[name] = (self._part / name).open("wb")
        offset = self._lengths.get(name, 0)
        self._files[name].write(data)
        self._lengths[name] = offset + len(data)
        return offset
