"""Contrast: values draw near to their channel's mean (Hendrycks & Dietterich 2019)."""

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "contrast",
    label="Contrast",
    group="digital",
    paper="Hendrycks & Dietterich 2019",
    reads="Haze or a poor screen: whether a network finds edges that are faint.",
    fails="Truncation to bytes leaves few grey levels at severity 5, so detail is lost and not only faint.",
    levels={
        "cifar": (0.75, 0.5, 0.4, 0.3, 0.15),
        "tiny": (0.4, 0.3, 0.2, 0.1, 0.05),
        "imagenet": (0.4, 0.3, 0.2, 0.1, 0.05),
    },
    benchmark=True,
)
def contrast(images: Tensor, level: float, draws: Draws) -> Tensor:
    """Shrink the differences from each image's mean, channel by channel.

    images (n, C, H, W), level: the part of a difference that stays -> images of the same shape.
    """
    means = images.mean(dim=(2, 3), keepdim=True)
    return means.lerp(images, level)
