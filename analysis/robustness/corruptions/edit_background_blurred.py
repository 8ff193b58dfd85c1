"""The background out of focus, the object as it is."""

import torch
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.filling import blurred_outside
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "background_blurred",
    kind="edit",
    label="Background blurred",
    group="object",
    paper="Li et al. 2023 (ImageNet-E); ours",
    reads="An error here was read off the background, not off the object.",
    fails="The object's outline is sharper than what is around it: a cue that the photograph did not have.",
    differs="A Gaussian blur by the mask instead of a diffusion model.",
    levels={"any": (0.01, 0.02, 0.04, 0.08, 0.16)},
)
def background_blurred(images: Tensor, masks: Tensor, level: float, draws: Draws) -> Tensor:
    """level: standard deviation as a share of the shorter side. The object's colours do not run into the background."""
    if level == 0:
        return images
    return torch.where(masks[:, None], images, blurred_outside(images, masks, level * min(images.shape[-2:])))
