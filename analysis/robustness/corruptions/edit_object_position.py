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
    """level: the way as a share of the sides. Of the two ways along a direction the one with more room is taken."""
    rows, columns = images.shape[-2:]
    top, bottom, left, right = boxes(masks)
    angle = math.pi * draws.uniform()
    down = _allowed(level * rows * angle.sin(), -top, rows - 1 - bottom)
    across = _allowed(level * columns * angle.cos(), -left, columns - 1 - right)
    rim = grown(masks)
    moved = shifted(cut(images, rim), down, across, border="black")
    return pasted(filled(images, rim), moved)


def _allowed(way: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Whole pixels within low .. high (n,), turned round where that leads further."""
    there, back = (w.round().long() for w in (way, -way))
    there, back = (torch.minimum(torch.maximum(w, low), high) for w in (there, back))
    return torch.where(back.abs() > there.abs(), back, there)
