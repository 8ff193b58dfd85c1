"""Seen from further away or from nearer, about the middle."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS
from analysis.robustness.warping import Border, turning, warped, within


@CORRUPTIONS.register(
    "scale",
    label="Scale",
    group="geometry",
    paper="Touvron et al. 2019 (the apparent size of objects)",
    reads="Everything is smaller by that factor (or larger, with way=larger); the border is mirrored.",
    fails="Made smaller, the image also loses resolution; made larger, objects leave the frame.",
    differs="A corruption of ours: the paper measures the effect, and names no severities.",
    levels={"any": (1.1, 1.25, 1.5, 1.75, 2.0)},
)
def scale(
    images: Tensor,
    level: float,
    draws: Draws,
    *,
    way: Literal["smaller", "larger"] = "smaller",
    border: Border = "reflect",
) -> Tensor:
    """level: by which factor."""
    if way == "larger":
        return warped(images, turning(images.new_zeros(len(images)), zoom=level), border=border)
    rows, columns = images.shape[-2:]
    small = (max(1, round(rows / level)), max(1, round(columns / level)))
    reduced = F.interpolate(images, size=small, mode="bilinear", antialias=True)
    down, across = (_around(side, inner) for side, inner in zip((rows, columns), small, strict=True))
    from_rows, from_columns = (
        within(places, inner, border).to(images.device) for places, inner in zip((down, across), small, strict=True)
    )
    placed = reduced[:, :, from_rows][:, :, :, from_columns]
    if border != "black":
        return placed
    seen = [((p >= 0) & (p < inner)).to(images) for p, inner in zip((down, across), small, strict=True)]
    return placed * seen[0][:, None] * seen[1][None, :]


def _around(side: int, inner: int) -> Tensor:
    """For each pixel of a side, its place in the smaller image that lies in the middle."""
    return torch.arange(side) - (side - inner) // 2
