"""Edges, distances from them and equalised histograms, as OpenCV defines them, for batches of small layers.

All maps are (n, H, W) of whole numbers from 0 to 255 unless said otherwise.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

TANGENT = 13573  # of 22.5 degrees, times 2^15
CHAMFER = (1.0, 1.4, 2.1969)  # one step along, aslant, and two along and one across (Borgefors 1986)
EIGHT = tuple((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)


def canny(levels: Tensor, low: int, high: int) -> Tensor:
    """Edges after Canny 1986: bool (n, H, W).

    Sobel slopes over a repeated border, their size |x| + |y|, thinned across the edge in four directions; kept above
    `high`, and above `low` where they touch what is kept.
    """
    along, down = _slopes(levels)
    size = along.abs() + down.abs()
    thin = _thinned(size, along, down) & (size > low)
    kept = thin & (size > high)
    while True:
        grown = thin & (F.max_pool2d(kept[:, None].float(), 3, stride=1, padding=1)[:, 0] > 0)
        if bool((grown == kept).all()):
            return kept
        kept = grown


def distances(edges: Tensor, furthest: float) -> Tensor:
    """Chamfer distance of each pixel from the nearest edge, at most `furthest`: bool (n, H, W) -> float32."""
    found = (~edges).to(torch.float32) * furthest
    while True:
        padded = F.pad(found, (2, 2, 2, 2), value=furthest)
        nearer = found
        for step in (*EIGHT, *((i, j) for i in (-2, -1, 1, 2) for j in (-2, -1, 1, 2) if abs(i) != abs(j))):
            weight = CHAMFER[2] if 2 in map(abs, step) else CHAMFER[1] if all(step) else CHAMFER[0]
            nearer = nearer.minimum(_shifted(padded, *step, found.shape, 2) + weight)
        if bool((nearer == found).all()):
            return found
        found = nearer


def equalised(levels: Tensor) -> Tensor:
    """Each map's histogram spread evenly from 0 to 255; a map of one level stays."""
    whole = levels.long().flatten(1)
    counts = torch.zeros(len(whole), 256, device=levels.device, dtype=torch.long)
    counts.scatter_add_(1, whole, torch.ones_like(whole))
    first = (counts > 0).to(torch.uint8).argmax(1, keepdim=True)
    lowest = counts.gather(1, first)
    above = whole.shape[1] - lowest
    # in float32, as OpenCV scales
    table = ((counts.cumsum(1) - lowest).float() * (255 / above.float())).round().clamp(0, 255)
    spread = table.gather(1, whole).where(above > 0, whole.float())
    return spread.view(levels.shape)


def smoothed(maps: Tensor) -> Tensor:
    """Means over 3 x 3 pixels, the border mirrored about the outermost pixels; not rounded."""
    padded = F.pad(maps[:, None], (1, 1, 1, 1), mode="reflect")
    return F.avg_pool2d(padded, 3, stride=1)[:, 0]


def _slopes(levels: Tensor) -> tuple[Tensor, Tensor]:
    """Sobel's, int32, along rows and down columns."""
    padded = F.pad(levels[:, None].float(), (1, 1, 1, 1), mode="replicate")[:, 0].to(torch.int32)
    across = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    beside = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
    return across[:, :, 2:] - across[:, :, :-2], beside[:, 2:] - beside[:, :-2]


def _thinned(size: Tensor, along: Tensor, down: Tensor) -> Tensor:
    """Where a slope is the steepest of its line: of equals, the last along or down counts and none aslant."""
    padded = F.pad(size, (1, 1, 1, 1))
    near = {step: _shifted(padded, *step, size.shape, 1) for step in EIGHT}
    steep, flat = down.abs() << 15, along.abs() * TANGENT
    horizontal = steep < flat
    vertical = steep > flat + (along.abs() << 16)
    rising = (along ^ down) < 0
    beside = (size > near[0, -1]) & (size >= near[0, 1])
    above = (size > near[-1, 0]) & (size >= near[1, 0])
    falls = (size > near[-1, -1]) & (size > near[1, 1])
    rises = (size > near[-1, 1]) & (size > near[1, -1])
    aslant = rises.where(rising, falls)
    return beside.where(horizontal, above.where(vertical, aslant))


def _shifted(padded: Tensor, row: int, column: int, shape: torch.Size, reach: int) -> Tensor:
    """The neighbours at (row, column) of all pixels of a map that was padded by `reach`."""
    return padded[:, reach + row : reach + row + shape[1], reach + column : reach + column + shape[2]]
