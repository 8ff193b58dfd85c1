"""Filters of images that corruptions share: blurs, zooms, resizing by boxes.

What acts on rows and columns apart is a matrix for each, made once in float64 with what happens at the border in it.
"""

from functools import lru_cache
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Border = Literal["nearest", "reflect"]  # a a | a b c | c c, and b a | a b c | c b
LARGEST_DIRECT = 13  # side of a kernel above which its spectrum is faster


def blurred(images: Tensor, sigma: float, *, border: Border = "nearest", truncate: float = 4.0) -> Tensor:
    """A Gaussian blur over rows and columns, as of scipy.ndimage.gaussian_filter.

    images (..., H, W), sigma in pixels, cut off at `truncate` sigma -> the same shape.
    """
    rows, columns = images.shape[-2:]
    down = _on(_blurring(rows, sigma, border, truncate), images)
    along = _on(_blurring(columns, sigma, border, truncate), images)
    return across(images, down, along)


def across(images: Tensor, down: Tensor, along: Tensor) -> Tensor:
    """Rows and columns mapped apart: images (..., H, W), down (h, H), along (w, W) -> (..., h, w)."""
    return down @ (images @ along.T)


def boxed(levels: Tensor, rows: int, columns: int) -> Tensor:
    """Images of whole levels 0 to 255 resized as Pillow's BOX does, rounded after columns and after rows.

    levels (..., H, W) -> (..., rows, columns). Each new value is the mean of the pixels whose middle is in its box.
    """
    along = _on(_boxing(levels.shape[-1], columns), levels)
    down = _on(_boxing(levels.shape[-2], rows), levels)
    return (down @ (levels @ along.T + 0.5).floor_() + 0.5).floor_()


def filtered(images: Tensor, kernel: np.ndarray) -> Tensor:
    """Correlation with a kernel (odd sides), the border mirrored about the outermost pixels.

    images (n, C, H, W), kernel (k, k) -> (n, C, H, W). Raises RuntimeError for images less than half as wide as it.
    """
    kernel = _trimmed(kernel)
    reach = len(kernel) // 2
    padded = F.pad(images, (reach,) * 4, mode="reflect")
    weights = torch.from_numpy(kernel).to(images)
    if len(kernel) <= LARGEST_DIRECT:
        planes = padded.flatten(0, 1)[:, None]
        return F.conv2d(planes, weights[None, None]).view(images.shape)
    sides = padded.shape[-2], padded.shape[-1]
    spectrum = torch.fft.rfft2(padded) * torch.fft.rfft2(weights, s=sides).conj()
    return torch.fft.irfft2(spectrum, s=sides)[..., : images.shape[-2], : images.shape[-1]]


def zoomed(images: Tensor, factor: float) -> Tensor:
    """The middle enlarged to the size of the whole, linearly, corners on corners (as scipy.ndimage.zoom, order 1).

    images (n, C, H, W), factor at least 1 -> (n, C, H, W).
    """
    kept = [int(np.ceil(side / factor)) for side in images.shape[-2:]]
    top, left = ((side - k) // 2 for side, k in zip(images.shape[-2:], kept, strict=True))
    middle = images[..., top : top + kept[0], left : left + kept[1]]
    sides = [round(k * factor) for k in kept]
    large = F.interpolate(middle, size=sides, mode="bilinear", align_corners=True)
    top, left = ((s - side) // 2 for side, s in zip(images.shape[-2:], sides, strict=True))
    return large[..., top : top + images.shape[-2], left : left + images.shape[-1]]


@lru_cache(maxsize=64)
def _blurring(size: int, sigma: float, border: Border, truncate: float) -> np.ndarray:
    """(size, size) float32: what each pixel of a line takes from which."""
    reach = int(truncate * sigma + 0.5)
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2) if reach else np.ones(1)
    sources = np.arange(size)[:, None] + steps
    if border == "nearest":
        sources = sources.clip(0, size - 1)
    else:
        sources = sources % (2 * size)
        sources = np.minimum(sources, 2 * size - 1 - sources)
    matrix = np.zeros((size, size))
    np.add.at(matrix, (np.arange(size)[:, None], sources), weights / weights.sum())
    return matrix.astype(np.float32)


@lru_cache(maxsize=64)
def _boxing(size: int, new: int) -> np.ndarray:
    """(new, size) float32: the pixels in each new one's box, in equal parts."""
    # in halves of a pixel times `new`: whole numbers, so that the ends of a box are exact
    middles = (2 * np.arange(new)[:, None] + 1) * size
    offsets = (2 * np.arange(size) + 1) * new - middles
    inside = (offsets > -max(size, new)) & (offsets <= max(size, new))
    return (inside / inside.sum(1, keepdims=True)).astype(np.float32)


def _trimmed(kernel: np.ndarray) -> np.ndarray:
    """A square kernel without its empty border."""
    while len(kernel) > 1 and not (kernel[[0, -1]].any() or kernel[:, [0, -1]].any()):
        kernel = kernel[1:-1, 1:-1]
    return np.ascontiguousarray(kernel, dtype=np.float32)


def _on(matrix: np.ndarray, images: Tensor) -> Tensor:
    return torch.from_numpy(matrix).to(images)
