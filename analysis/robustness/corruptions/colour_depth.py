"""Fewer bits a channel: posterised."""

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "colour_depth",
    label="Colour depth",
    group="colour",
    paper="Cubuk et al. 2019 (posterize)",
    reads="Each channel keeps that many of its eight bits; smooth shades fall into steps.",
    fails="It also darkens, the more the fewer bits are left, because bits are cut off and not rounded.",
    differs="A table of five in place of drawn strengths.",
    levels={"any": (5, 4, 3, 2, 1)},
)
def colour_depth(images: Tensor, level: int, draws: Draws) -> Tensor:
    """level: bits that are left."""
    step = 2 ** (8 - level)
    return (images * 255).round().div(step, rounding_mode="floor") * step / 255
