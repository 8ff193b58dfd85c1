"""An encoded image looked at once, at import: is it whole, how large, in which rendition?

The rendition is a fact about the file: "JPEG, quality 75, 4:2:0", "PNG", "WebP, lossless". A JPEG's quality is
the one whose quantisation table libjpeg would make (Independent JPEG Group, jcparam.c: the standard tables of
ITU-T T.81 annex K, scaled by 5000 / q below 50, by 200 - 2 q above); "about" where no quality gives it exactly.
"""

import io
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from PIL import Image, JpegImagePlugin

from analysis.datasets.decoding import decode
from analysis.datasets.layout import SMALL

# ITU-T T.81, table K.1: luminance, in rows
_LUMINANCE = np.array(
    [
        *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
        *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
        *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
        *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
    ]
)
_SAMPLINGS = {(2, 2): "4:2:0", (2, 1): "4:2:2", (1, 1): "4:4:4", (1, 2): "4:4:0", (4, 1): "4:1:1"}
_NAMES = {"WEBP": "WebP", "BMP": "BMP", "MPO": "JPEG"}


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """An image file that decodes."""

    data: bytes
    width: int  # pixels, upright
    height: int
    format: str
    digest: str  # sha256 hex of the bytes
    pixels: np.ndarray | None  # (H, W, 3) uint8 where it is small
    remarks: tuple[str, ...]  # what decoding did to it


def examine(data: bytes, name: str) -> Examined:
    """A file's bytes -> what is known of it; UnreadableImage where it cannot be decoded."""
    picture = decode(data, name)
    width, height = picture.pixels.size
    small = max(width, height) <= SMALL
    pixels = np.asarray(picture.pixels) if small else None
    return Examined(data, width, height, rendition(data), picture.digest, pixels, picture.remarks)


def rendition(data: bytes) -> str:
    """The format of a file that decodes, with what was lost in it."""
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP, lossless" if b"VP8L" in data[12:64] else "WebP"
    with Image.open(io.BytesIO(data)) as image:
        kind = image.format or "unknown"
    return _NAMES.get(kind, kind)


def _jpeg(data: bytes) -> str:
    with JpegImagePlugin.JpegImageFile(io.BytesIO(data), "") as image:
        tables, layers = image.quantization, image.layer
    said = ["JPEG"]
    if tables:
        quality, exact = jpeg_quality(tuple(tables[min(tables)]))
        said.append(f"quality {quality}" if exact else f"quality about {quality}")
    if len(layers) == 1:
        said.append("grey")
    elif len(layers) == 3 and layers[1][1:3] == layers[2][1:3]:
        across, down = layers[0][1] / layers[1][1], layers[0][2] / layers[1][2]
        said.append(_SAMPLINGS.get((int(across), int(down)), f"sampled {across:g} x {down:g}"))
    return ", ".join(said)


@lru_cache(maxsize=4096)
def jpeg_quality(table: tuple[int, ...]) -> tuple[int, bool]:
    """A luminance quantisation table (64 numbers, in rows) -> quality 1..100, and whether libjpeg makes just it."""
    differences = np.abs(_standard_tables() - np.asarray(table)[None, :]).sum(axis=1)
    # at 100 several qualities may tie only where tables are all ones; the highest is the one meant
    best = int(len(differences) - 1 - np.argmin(differences[::-1]))
    return best + 1, bool(differences[best] == 0)


@cache
def _standard_tables() -> np.ndarray:
    """(100, 64): libjpeg's luminance table at quality 1 to 100."""
    qualities = np.arange(1, 101)
    scales = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    return np.clip((_LUMINANCE[None, :] * scales[:, None] + 50) // 100, 1, 255)
