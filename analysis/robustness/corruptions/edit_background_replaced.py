"""Another background behind the object, made up for each image (after Xiao et al. 2020 and Li et al. 2023).

The papers take other photographs' backgrounds or a diffusion model's. An image here must not depend on which others
it is with, so backgrounds are drawn: clouds of colour, stripes or checks.
"""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS

_OCTAVES = (2, 4, 8, 16, 32)


@CORRUPTIONS.register(
    "background_replaced",
    kind="edit",
    label="Background replaced",
    group="object",
    paper="Xiao et al. 2020 (ImageNet-9); Li et al. 2023 (ImageNet-E)",
    reads="What is left of the accuracy does not hang on the background that the class comes with.",
    fails="Drawn backgrounds belong to no class: what another class's background would do is not told.",
    differs="Drawn backgrounds, mixed in by severity, instead of other photographs' or a diffusion model's.",
    levels={"any": (0.2, 0.4, 0.6, 0.8, 1.0)},
    random=True,
)
def background_replaced(
    images: Tensor,
    masks: Tensor,
    level: float,
    draws: Draws,
    *,
    texture: Literal["clouds", "stripes", "checks"] = "clouds",
) -> Tensor:
    """level: share of the other background."""
    rows, columns = images.shape[-2:]
    channels = images.shape[1]
    other = _clouds(draws, channels, rows, columns) if texture == "clouds" else None
    if other is None:
        other = _waves(draws, channels, rows, columns, crossed=texture == "checks")
    return torch.where(masks[:, None], images, torch.lerp(images, other, level))


def _clouds(draws: Draws, channels: int, rows: int, columns: int) -> Tensor:
    """Octaves of noise, each half as strong as the one before, stretched to 0 .. 1 in every image."""
    total = torch.zeros((), device=draws.device)
    for octave, cells in enumerate(_OCTAVES):
        noise = draws.uniform(channels, cells, cells)
        total = total + F.interpolate(noise, size=(rows, columns), mode="bilinear", align_corners=True) / 2**octave
    low, high = total.amin(dim=(1, 2, 3), keepdim=True), total.amax(dim=(1, 2, 3), keepdim=True)
    return (total - low) / (high - low).clamp_min(1e-6)


def _waves(draws: Draws, channels: int, rows: int, columns: int, *, crossed: bool) -> Tensor:
    """Two colours in bands, 3 to 9 over the shorter side, at a drawn angle; or in squares, where bands cross."""
    colours = draws.uniform(2, channels)[..., None, None]
    angle, bands = math.pi * draws.uniform()[:, None, None], 3 + 6 * draws.uniform()[:, None, None]
    down = torch.arange(rows, device=draws.device)[:, None] / min(rows, columns)
    across = torch.arange(columns, device=draws.device)[None, :] / min(rows, columns)
    first = (2 * bands * (down * angle.sin() + across * angle.cos())).floor()
    if crossed:
        first = first + (2 * bands * (down * angle.cos() - across * angle.sin())).floor()
    return torch.where((first.remainder(2) < 1)[:, None], colours[:, 0], colours[:, 1])
