"""Elastic transform: an affine map, then a displacement that is smooth (Hendrycks & Dietterich 2019)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.filters import blurred
from analysis.robustness.registry import CORRUPTIONS


def _by_side(side: int, *parts: tuple[float, float, float]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(side * p for p in row) for row in parts)


@CORRUPTIONS.register(
    "elastic_transform",
    label="Elastic transform",
    group="digital",
    paper="Hendrycks & Dietterich 2019; Simard, Steinkraus & Platt 2003",
    reads="Shapes bend and shear while colours and texture stay.",
    fails="No scale: the first severities stretch whole regions, the last tear at pixels.",
    differs="The affine map interpolates at the very place; OpenCV, which the published sets used, rounds places to a "
    "32nd of a pixel. The 224 px levels are multiples of 244, a slip in the published code that is kept.",
    levels={
        "cifar": _by_side(
            32, (0.0, 0.0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03)
        ),
        "tiny": _by_side(
            64, (0.0, 0.0, 0.08), (0.05, 0.3, 0.06), (0.1, 0.08, 0.06), (0.1, 0.03, 0.03), (0.16, 0.03, 0.02)
        ),
        "imagenet": _by_side(
            244, (2.0, 0.7, 0.1), (2.0, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02)
        ),
    },
    benchmark=True,
    random=True,
)
def elastic_transform(images: Tensor, level: tuple[float, float, float], draws: Draws) -> Tensor:
    """Move three points and the image with them, then every pixel a little.

    images (n, C, H, W), level in pixels: height of the displacement before it is smoothed, sigma of the smoothing, how
    far each of the three points may go -> images of the same shape.
    """
    height, sigma, reach = level
    moved = _affine(images, draws.uniform(3, 2).double().mul_(2).sub_(1).mul_(reach))
    if height == 0:
        return moved
    rows, columns = images.shape[-2:]
    noise = draws.uniform(2, rows, columns).mul_(2).sub_(1)  # columns, rows
    shift = blurred(noise, sigma, border="reflect", truncate=3.0).mul_(height)
    sides = images.new_tensor((columns, rows))
    places = _places(rows, columns, images) + shift.permute(0, 2, 3, 1)
    grid = (2 * places + 1) / sides - 1
    return F.grid_sample(moved, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _affine(images: Tensor, shifts: Tensor) -> Tensor:
    """Each image under the map that shifts three points of its middle: shifts (n, 3, 2) float64, columns and rows."""
    rows, columns = images.shape[-2:]
    x, y, side = columns // 2, rows // 2, min(rows, columns) // 3
    points = shifts.new_tensor(((x + side, y + side), (x + side, y - side), (x - side, y - side)))
    after = F.pad(points + shifts, (0, 1), value=1.0)
    back = torch.linalg.solve(after, points.expand(len(images), 3, 2))  # from a place to where it was
    sides = images.new_tensor((columns - 1, rows - 1))
    places = F.pad(_places(rows, columns, images), (0, 1), value=1.0).view(-1, 3).double()
    grid = (places @ back).float().view(-1, rows, columns, 2) * (2 / sides) - 1
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=True)


def _places(rows: int, columns: int, images: Tensor) -> Tensor:
    """(rows, columns, 2): each pixel's column and row."""
    down = torch.arange(rows, device=images.device, dtype=images.dtype)
    along = torch.arange(columns, device=images.device, dtype=images.dtype)
    return torch.stack(torch.meshgrid(along, down, indexing="xy"), dim=-1)
