"""Moved by whole pixels in a direction that is drawn (Engstrom et al. 2019; Azulay and Weiss 2019)."""

import math

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS
from analysis.robustness.warping import Border, shifted


@CORRUPTIONS.register(
    "translation",
    label="Translation",
    group="geometry",
    paper="Engstrom et al. 2019; Azulay and Weiss 2019",
    reads="The whole image is moved by that share of its sides; what comes in at the border is mirrored.",
    fails="Objects near the border are cut off: an error there says nothing of how a network takes a shift.",
    differs="Whole pixels in a drawn direction instead of the worst of a grid; no interpolation blurs the image.",
    levels={"any": (0.03125, 0.0625, 0.125, 0.1875, 0.25)},
    random=True,
)
def translation(images: Tensor, level: float, draws: Draws, *, border: Border = "reflect") -> Tensor:
    """level: share of each side."""
    rows, columns = images.shape[-2:]
    angle = 2 * math.pi * draws.uniform()
    down, across = level * rows * angle.sin(), level * columns * angle.cos()
    return shifted(images, down.round().long(), across.round().long(), border=border)
