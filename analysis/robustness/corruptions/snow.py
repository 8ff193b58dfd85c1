"""Snow: flakes that fall aslant, over an image that is paler (Hendrycks & Dietterich 2019)."""

import torch
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.filters import zoomed
from analysis.robustness.registry import CORRUPTIONS
from analysis.robustness.streaks import streaked

LUMA = (0.299, 0.587, 0.114)
NUDGE = 2.0**-20  # of a byte, before truncation of what was computed in float64

_SMALL = (
    (0.1, 0.2, 1.0, 0.6, 8, 3.0),
    (0.1, 0.2, 1.0, 0.5, 10, 4.0),
    (0.15, 0.3, 1.75, 0.55, 10, 4.0),
    (0.25, 0.3, 2.25, 0.6, 12, 6.0),
    (0.3, 0.3, 1.25, 0.65, 14, 12.0),
)


@CORRUPTIONS.register(
    "snow",
    label="Snow",
    group="weather",
    paper="Hendrycks & Dietterich 2019",
    reads="Bright streaks hide parts, and the whole grows pale: occlusion and brightness at once.",
    fails="Every image has the layer twice, the second time turned about, so the flakes fall in both directions.",
    levels={
        "cifar": tuple((*row, mix) for row, mix in zip(_SMALL, (0.95, 0.9, 0.9, 0.85, 0.8), strict=True)),
        "tiny": tuple((*row, mix) for row, mix in zip(_SMALL, (0.8, 0.8, 0.7, 0.65, 0.6), strict=True)),
        "imagenet": (
            (0.1, 0.3, 3.0, 0.5, 10, 4.0, 0.8),
            (0.2, 0.3, 2.0, 0.5, 12, 4.0, 0.7),
            (0.55, 0.3, 4.0, 0.9, 12, 8.0, 0.7),
            (0.55, 0.3, 4.5, 0.85, 12, 8.0, 0.65),
            (0.55, 0.3, 2.5, 0.85, 12, 12.0, 0.55),
        ),
    },
    benchmark=True,
    random=True,
)
def snow(images: Tensor, level: tuple[float, ...], draws: Draws) -> Tensor:
    """Make paler and add flakes.

    images (n, 3, H, W), level: mean and deviation of the layer's noise, its zoom, the threshold of a flake, radius and
    sigma of the motion blur, the part of the image that is not made paler -> images of the same shape.
    """
    mean, deviation, factor, threshold, radius, sigma, mix = level
    # in float64: the last bits decide what is a flake
    flakes = draws.normal(1, *images.shape[-2:]).double().mul_(deviation).add_(mean)
    flakes = zoomed(flakes, factor) if factor > 1 else flakes
    flakes = flakes.where(flakes >= threshold, 0).clamp_(0, 1).mul_(255).add_(NUDGE).floor_().float().div_(255)
    flakes = streaked(flakes, radius, sigma, draws.uniform().double() * 90 - 135)
    grey = torch.einsum("nchw,c->nhw", images, images.new_tensor(LUMA))[:, None]
    paler = images.maximum(grey * 1.5 + 0.5)
    return (paler.mul_(1 - mix).add_(images, alpha=mix)).add_(flakes).add_(flakes.flip(2, 3))
