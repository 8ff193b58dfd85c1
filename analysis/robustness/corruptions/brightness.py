"""Brightness: the value of HSV is raised (Hendrycks & Dietterich 2019)."""

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "brightness",
    label="Brightness",
    group="digital",
    paper="Hendrycks & Dietterich 2019",
    reads="Overexposure: most networks hardly notice, as the shape stays.",
    fails="Only brightens; a network may be lost in the dark all the same.",
    differs="Hue and saturation stay, so the channels are scaled together; no colour is converted.",
    levels={
        "cifar": (0.05, 0.10, 0.15, 0.20, 0.30),
        "tiny": (0.1, 0.2, 0.3, 0.4, 0.5),
        "imagenet": (0.1, 0.2, 0.3, 0.4, 0.5),
    },
    benchmark=True,
)
def brightness(images: Tensor, level: float, draws: Draws) -> Tensor:
    """Raise the largest channel of each pixel and scale the others with it.

    images (n, 3, H, W), level: what is added to the value of HSV -> images of the same shape.
    """
    value = images.amax(1, keepdim=True)
    raised = (value + level).clamp_(max=1)
    return (images * (raised / value)).where(value > 0, raised)
