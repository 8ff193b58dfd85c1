"""Clouds by the diamond-square algorithm (Fournier, Fussell & Carpenter 1982), for a batch."""

import torch
from torch import Tensor


def clouds(chances: Tensor, decay: float) -> Tensor:
    """A height map for each image.

    chances (n, side, side) in [0, 1), a power of two to a side: what each point's height is off by, at its own place;
    `decay`: by its square the points of each next scale are less off, as the published code multiplies its wibble by
    a number that is up to its wibble -> (n, side, side) from 0 to 1. The map repeats at its sides.
    """
    shifts = 2 * chances - 1
    heights = torch.zeros_like(shifts)
    step, amplitude = heights.shape[-1], 1.0
    while step >= 2:
        _fill(heights, shifts, step, amplitude)
        step //= 2
        amplitude /= decay**2
    heights = heights - heights.amin((1, 2), keepdim=True)
    return heights / heights.amax((1, 2), keepdim=True)


def _fill(heights: Tensor, shifts: Tensor, step: int, amplitude: float) -> None:
    """The points between those that are `step` apart, in place: middles of squares, then of diamonds."""
    half = step // 2
    corners = heights[:, ::step, ::step]
    squares = corners + corners.roll(-1, 1)
    squares = squares + squares.roll(-1, 2)
    middles = squares.div_(4).add_(shifts[:, half::step, half::step], alpha=amplitude)
    heights[:, half::step, half::step] = middles
    above = middles + middles.roll(1, 1) + corners + corners.roll(-1, 2)
    heights[:, ::step, half::step] = above.div_(4).add_(shifts[:, ::step, half::step], alpha=amplitude)
    beside = middles + middles.roll(1, 2) + corners + corners.roll(-1, 1)
    heights[:, half::step, ::step] = beside.div_(4).add_(shifts[:, half::step, ::step], alpha=amplitude)
