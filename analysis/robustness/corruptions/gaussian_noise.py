"""Gaussian noise: every value moves on its own (Hendrycks & Dietterich 2019)."""

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "gaussian_noise",
    label="Gaussian noise",
    group="noise",
    paper="Hendrycks & Dietterich 2019",
    reads="Sensor noise in poor light: how far a network leans on fine texture.",
    fails="Real sensors have noise that grows with the light and is alike in neighbouring pixels.",
    levels={
        "cifar": (0.04, 0.06, 0.08, 0.09, 0.10),
        "tiny": (0.04, 0.08, 0.12, 0.15, 0.18),
        "imagenet": (0.08, 0.12, 0.18, 0.26, 0.38),
    },
    benchmark=True,
    random=True,
)
def gaussian_noise(images: Tensor, level: float, draws: Draws) -> Tensor:
    """Add normal noise to every value.

    images (n, C, H, W), level: standard deviation -> images of the same shape.
    """
    return draws.normal(*images.shape[1:]).mul_(level).add_(images)
