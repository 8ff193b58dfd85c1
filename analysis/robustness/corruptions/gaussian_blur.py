"""Gaussian blur (Hendrycks & Dietterich 2019, extra)."""

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.filters import blurred
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "gaussian_blur",
    label="Gaussian blur",
    group="blur",
    paper="Hendrycks & Dietterich 2019, extra",
    reads="The plainest loss of detail: whether a class is known by its coarse shape.",
    fails="Removes high frequencies in every direction alike; lenses and hands do not.",
    levels={
        "cifar": (0.4, 0.6, 0.7, 0.8, 1.0),
        "tiny": (0.5, 0.75, 1.0, 1.25, 1.5),
        "imagenet": (1.0, 2.0, 3.0, 4.0, 6.0),
    },
    extra=True,
)
def gaussian_blur(images: Tensor, level: float, draws: Draws) -> Tensor:
    """Blur rows and columns; beyond the border its pixels are repeated; cut off at four sigma.

    images (n, C, H, W), level: sigma in pixels -> images of the same shape.
    """
    return blurred(images, level)
