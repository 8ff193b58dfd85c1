"""The object turned where it is, what was behind it made up (after Li et al. 2023, ImageNet-E, "direction")."""

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.filling import centres, cut, filled, grown, pasted
from analysis.robustness.registry import CORRUPTIONS
from analysis.robustness.warping import drawn_sign, turning, warped


@CORRUPTIONS.register(
    "object_direction",
    kind="edit",
    label="Object direction",
    group="object",
    paper="Li et al. 2023 (ImageNet-E)",
    reads="The same object on the same ground, turned to the left or to the right.",
    fails="Shadows and what the object stands on do not turn with it; parts beyond the frame are cut off.",
    differs="One angle a severity, about the middle of the object's box; the ground is made up from its surroundings.",
    levels={"any": (10.0, 20.0, 45.0, 90.0, 180.0)},
    random=True,
)
def object_direction(images: Tensor, masks: Tensor, level: float, draws: Draws) -> Tensor:
    """level: degrees."""
    if level == 0:
        return images
    rim = grown(masks)
    degrees = level * drawn_sign(draws.uniform())
    moved = warped(cut(images, rim), turning(degrees), centres(masks).to(images), border="black")
    return pasted(filled(images, rim), moved)
