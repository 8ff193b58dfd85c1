"""Impulse noise: some values are lost to black or white (Hendrycks & Dietterich 2019)."""

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "impulse_noise",
    label="Impulse noise",
    group="noise",
    paper="Hendrycks & Dietterich 2019",
    reads="Salt and pepper, channel by channel: few values, each as wrong as can be.",
    fails="A median filter takes nearly all of it away, so it says little of a camera that has one.",
    levels={
        "cifar": (0.01, 0.02, 0.03, 0.05, 0.07),
        "tiny": (0.01, 0.02, 0.05, 0.08, 0.14),
        "imagenet": (0.03, 0.06, 0.09, 0.17, 0.27),
    },
    benchmark=True,
    random=True,
)
def impulse_noise(images: Tensor, level: float, draws: Draws) -> Tensor:
    """Replace values by 0 or 1.

    images (n, C, H, W), level: chance of a value to be replaced -> images of the same shape.
    """
    lost = draws.uniform(*images.shape[1:]) < level
    ends = (draws.uniform(*images.shape[1:]) < 0.5).to(images.dtype)
    return ends.where(lost, images)
