"""Turned about the middle, with bilinear interpolation (the simple attack of Engstrom et al. 2019).

"Exploring the landscape of spatial robustness" searches up to 30 degrees for the worst turn; here each image is turned
by the angle of the severity, to one side or the other.
"""

from typing import Literal

import torch
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS
from analysis.robustness.warping import Border, drawn_sign, turning, warped


@CORRUPTIONS.register(
    "rotation",
    label="Rotation",
    group="geometry",
    paper="Engstrom et al. 2019",
    reads="Each image is turned to the left or to the right by the angle of the severity.",
    fails="Mirrored corners are no part of any photograph; objects that have no upright are not harmed at all.",
    differs="One angle an image instead of the worst of a grid.",
    levels={"any": (5.0, 10.0, 20.0, 30.0, 45.0)},
    random=True,
)
def rotation(
    images: Tensor,
    level: float,
    draws: Draws,
    *,
    way: Literal["either", "left", "right"] = "either",
    border: Border = "reflect",
) -> Tensor:
    """level: degrees; "left" is counterclockwise."""
    if way == "either":
        signs = drawn_sign(draws.uniform())
    else:
        signs = torch.full((len(images),), 1.0 if way == "left" else -1.0)
    return warped(images, turning(level * signs.to(images)), border=border)
