"""Noise of a single frequency: the Fourier basis of images (Yin et al. 2019, section 2).

"A Fourier perspective on model robustness in computer vision": U(i, j) is the real image of unit length whose transform
is zero but at the frequency (i, j) and at its mirror (-i, -j). Images are changed to x + r v U, v the L2 norm and r a
sign drawn for each channel. The paper leaves the phase open; ours is a cosine with its crest at the first pixel.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor


def wave(rows: int, columns: int, row: int, column: int) -> Tensor:
    """U of frequency (row, column), in cycles over the image: (H, W) float32 of L2 norm 1.

    Frequencies beyond half the side come back as those that they look like on this grid.
    """
    down = torch.arange(rows, dtype=torch.float64)[:, None] * (row / rows)
    across = torch.arange(columns, dtype=torch.float64)[None, :] * (column / columns)
    values = torch.cos(2 * math.pi * (down + across))
    return (values / values.norm()).float()


def with_wave(images: Tensor, wave: Tensor, norm: float, signs: Tensor) -> Tensor:
    """images (n, C, H, W) from 0 to 1 plus `norm` times a wave (H, W), in each channel by its sign (n, C)."""
    return images + (norm * signs)[:, :, None, None] * wave.to(images)


def half_plane(extent: int) -> Iterator[tuple[int, int]]:
    """The frequencies (row, column) of an `extent` x `extent` map, one of each pair of mirrors, lowest first.

    extent is odd; rows and columns go from -(extent // 2) to extent // 2.
    """
    reach = extent // 2
    every = ((row, column) for row in range(-reach, reach + 1) for column in range(-reach, reach + 1))
    kept = (pair for pair in every if pair >= (0, 0))  # the mirror of what comes before (0, 0) comes after it
    yield from sorted(kept, key=lambda pair: (pair[0] ** 2 + pair[1] ** 2, pair))


def place(extent: int, row: int, column: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where a frequency and its mirror lie in a map (extent, extent) with frequency 0 in the middle."""
    middle = extent // 2
    return (middle + row, middle + column), (middle - row, middle - column)


def largest_extent(rows: int, columns: int, wanted: int) -> int:
    """The odd side of a map that shows no frequency of these images twice: at most `wanted`."""
    side = min(rows, columns, wanted)
    return side if side % 2 else side - 1


def by_frequency(values: np.ndarray) -> np.ndarray:
    """A map (F, F) -> its mean over rings of equal frequency, (F // 2 + 1,); nan where a ring has nothing yet."""
    middle = values.shape[0] // 2
    offsets = np.arange(values.shape[0]) - middle
    ring = np.rint(np.hypot(offsets[:, None], offsets[None, :])).astype(np.int64)
    found = np.full(middle + 1, np.nan)
    for number in range(middle + 1):
        known = values[(ring == number) & np.isfinite(values)]
        if known.size:
            found[number] = known.mean()
    return found
