"""The background faded out, the object as it is (Xiao et al. 2020, "only the foreground")."""

from typing import Literal

import torch
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "background_removed",
    kind="edit",
    label="Background removed",
    group="object",
    paper="Xiao et al. 2020 (ImageNet-9, only the foreground)",
    reads="What is left of the accuracy is owed to the object alone.",
    fails="An even ground is itself out of the ordinary, and a dark object on black is lost.",
    differs="Faded in five steps, and mid grey instead of black unless chosen.",
    levels={"any": (0.2, 0.4, 0.6, 0.8, 1.0)},
)
def background_removed(
    images: Tensor,
    masks: Tensor,
    level: float,
    draws: Draws,
    *,
    ground: Literal["grey", "black", "white", "mean"] = "grey",
) -> Tensor:
    """level: share of the ground in the background. "mean" is the image's own mean colour."""
    if ground == "mean":
        colour = images.mean(dim=(2, 3), keepdim=True)
    else:
        colour = images.new_tensor({"grey": 0.5, "black": 0.0, "white": 1.0}[ground])
    return torch.where(masks[:, None], images, torch.lerp(images, colour.expand_as(images), level))
