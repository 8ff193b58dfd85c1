"""Saturate: the saturation of HSV is scaled and shifted (Hendrycks & Dietterich 2019, extra)."""

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "saturate",
    label="Saturate",
    group="digital",
    paper="Hendrycks & Dietterich 2019, extra",
    reads="Colours grow pale at the first two severities and gaudy at the last three: how far a class is a colour.",
    fails="Severities are no scale here: the second takes colour away, the third adds some.",
    differs="Hue and value stay, so each channel's distance from the largest is scaled; no colour is converted. Grey "
    "has hue 0, so a shift makes it red, as in the published sets.",
    levels={
        "cifar": ((0.3, 0.0), (0.1, 0.0), (1.5, 0.0), (2.0, 0.1), (2.5, 0.2)),
        "tiny": ((0.3, 0.0), (0.1, 0.0), (2.0, 0.0), (5.0, 0.1), (30.0, 0.2)),
        "imagenet": ((0.3, 0.0), (0.1, 0.0), (2.0, 0.0), (5.0, 0.1), (20.0, 0.2)),
    },
    extra=True,
)
def saturate(images: Tensor, level: tuple[float, float], draws: Draws) -> Tensor:
    """Scale and shift each pixel's saturation.

    images (n, 3, H, W), level: factor and shift of the saturation -> images of the same shape.
    """
    scale, shift = level
    value = images.amax(1, keepdim=True)
    reach = value - images.amin(1, keepdim=True)
    saturation = reach / value
    saturated = (saturation * scale + shift).clamp_(max=1)
    coloured = value - (value - images) * (saturated / saturation)
    grey = value.repeat(1, 3, 1, 1)
    grey[:, 1:] *= 1 - shift
    return coloured.where(reach > 0, grey)
