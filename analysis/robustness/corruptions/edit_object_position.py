"""The object elsewhere in the frame, what was behind it made up (after Li et al. 2023, ImageNet-E, "position")."""

import math

import torch
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.filling import boxes, cut, filled, grown, pasted
from analysis.robustness.registry import CORRUPTIONS
from analysis.robustness.warping import shifted


@CORRUPTIONS.register(
    "object_position",
    kind="edit",
    label="Object position",
    group="object",
    paper="Li et al. 2023 (ImageNet-E)",
    reads="The same object on the same ground in another place: how much a network expects it in the middle.",
    fails="An object that fills the frame cannot be moved: it goes no further than the frame allows.",
    differs="A drawn direction, whole pixels; the ground is made up from its surroundings, not by a diffusion model.",
    levels={"any": (0.05, 0.1, 0.2, 0.3, 0.4)},
    random=True,
)
def object_position(images: Tensor, masks: Tensor, level: float, draws: Draws) -> Tensor:
    """level: the way as a share of the sides. Of the two ways along the direction that with more room is taken."""
    rows, columns = images.shape[-2:]
    top, bottom, left, right = boxes(masks)
    angle = math.pi * draws.uniform()
    down, across = rows * angle.sin(), columns * angle.cos()
    there, back = (
        _room(s * down, -top, rows - 1 - bottom) + _room(s * across, -left, columns - 1 - right) for s in (1, -1)
    )
    way = torch.where(back > there, -level, level)
    down = _within(way * down, -top, rows - 1 - bottom)
    across = _within(way * across, -left, columns - 1 - right)
    rim = grown(masks)
    moved = shifted(cut(images, rim), down, across, border="black")
    return pasted(filled(images, rim), moved)


def _within(way: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Whole pixels, no less than low and no more than high, (n,) int64."""
    return torch.minimum(torch.maximum(way.round().long(), low), high)


def _room(way: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """How much of a way lies within the frame, in pixels."""
    return _within(way, low, high).abs()
