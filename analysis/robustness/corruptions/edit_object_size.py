"""The object smaller or larger where it is, what was behind it made up (after Li et al. 2023, ImageNet-E, "size")."""

from typing import Literal

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.filling import centres, cut, filled, grown, pasted
from analysis.robustness.registry import CORRUPTIONS
from analysis.robustness.warping import turning, warped


@CORRUPTIONS.register(
    "object_size",
    kind="edit",
    label="Object size",
    group="object",
    paper="Li et al. 2023 (ImageNet-E)",
    reads="The same object on the same ground, smaller (or larger): how much a network leans on its size.",
    fails="Where the object was, the ground is smooth: it may show as a ghost.",
    differs="The ground is made up from its surroundings, not by a diffusion model; ImageNet-E's sizes are the "
    "object's share of the image, ours a factor to what it has.",
    levels={"any": (1.15, 1.3, 1.6, 2.0, 3.0)},
)
def object_size(
    images: Tensor, masks: Tensor, level: float, draws: Draws, *, way: Literal["smaller", "larger"] = "smaller"
) -> Tensor:
    """level: the factor of the object's height and width, or one over it."""
    if level == 1:
        return images
    zoom = level if way == "larger" else 1 / level
    rim = grown(masks)
    maps = turning(images.new_zeros(len(images)), zoom=zoom)
    moved = warped(cut(images, rim), maps, centres(masks).to(images), border="black", finer=1 if zoom > 1 else 2)
    return pasted(filled(images, rim), moved)
