"""Motion blur as ImageMagick defines it, for a batch with an angle each.

The kernel has 2 ceil(radius) + 1 weights of one half of a Gaussian, set out from the pixel along the angle, at offsets
rounded to whole pixels; beyond the border its pixels are repeated; the result is rounded to bytes.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

LEAST = 2.0**-14  # of all weight: what may go unseen, a hundredth of a byte's step


def streaked(images: Tensor, radius: float, sigma: float, angles: Tensor) -> Tensor:
    """Images (n, C, H, W) of bytes over 255, angles (n,) in degrees -> the same shape, again bytes over 255.

    Images whose rounded offsets are the same are blurred together.
    """
    weights = _weights(radius, sigma)
    turns = np.deg2rad(angles.cpu().double().numpy())[:, None]
    steps = np.arange(len(weights))
    right = np.ceil(steps * np.cos(turns) - 0.5).astype(np.int64)
    down = np.ceil(steps * np.sin(turns) - 0.5).astype(np.int64)
    left, top = max(-int(right.min()), 0), max(-int(down.min()), 0)
    pads = (left, max(int(right.max()), 0), top, max(int(down.max()), 0))
    padded = F.pad(images, pads, mode="replicate")
    patterns, of = np.unique(np.stack((down + top, right + left), 1), axis=0, return_inverse=True)
    found = torch.empty_like(images)
    for number, pattern in enumerate(patterns):
        rows = torch.from_numpy(np.flatnonzero(of.reshape(-1) == number)).to(images.device)
        found[rows] = _summed(padded[rows], weights, pattern, images.shape[-2:])
    return found.mul_(255).add_(0.5).floor_().div_(255)


def _weights(radius: float, sigma: float) -> np.ndarray:
    steps = np.arange(2 * math.ceil(radius) + 1)
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    weights /= weights.sum()
    seen = np.cumsum(weights) < 1 - LEAST
    return weights[: int(seen.sum()) + 1]


def _summed(padded: Tensor, weights: np.ndarray, pattern: np.ndarray, size: torch.Size) -> Tensor:
    """One pattern's images: padded (n, C, .., ..), pattern (2, taps) of rows and columns -> (n, C, H, W)."""
    places: dict[tuple[int, int], float] = {}
    for place, weight in zip(pattern.T.tolist(), weights.tolist(), strict=True):
        places[tuple(place)] = places.get(tuple(place), 0.0) + weight
    total = padded.new_zeros(*padded.shape[:2], *size)
    for (row, column), weight in places.items():
        total.add_(padded[..., row : row + size[0], column : column + size[1]], alpha=weight)
    return total
