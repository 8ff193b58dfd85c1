"""Speckle noise: every value is off by a part of itself (Hendrycks & Dietterich 2019, extra)."""

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "speckle_noise",
    label="Speckle noise",
    group="noise",
    paper="Hendrycks & Dietterich 2019, extra",
    reads="Noise that spares the dark: what is lost beside Gaussian noise is lost in bright places.",
    fails="Close to Gaussian noise on bright images, so that the two say much the same.",
    levels={
        "cifar": (0.06, 0.10, 0.12, 0.16, 0.20),
        "tiny": (0.15, 0.20, 0.25, 0.30, 0.35),
        "imagenet": (0.15, 0.20, 0.35, 0.45, 0.60),
    },
    extra=True,
    random=True,
)
def speckle_noise(images: Tensor, level: float, draws: Draws) -> Tensor:
    """Add normal noise in proportion to every value.

    images (n, C, H, W), level: standard deviation over the value -> images of the same shape.
    """
    return draws.normal(*images.shape[1:]).mul_(level).mul_(images).add_(images)
