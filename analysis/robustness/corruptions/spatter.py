"""Spatter: drops of water or mud on the lens (Hendrycks & Dietterich 2019, extra)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.edges import canny, distances, equalised, smoothed
from analysis.robustness.filters import blurred
from analysis.robustness.registry import CORRUPTIONS

WATER = (175 / 255, 238 / 255, 238 / 255)
MUD = (63 / 255, 42 / 255, 20 / 255)
RELIEF = ((-2.0, -1.0, 0.0), (-1.0, 1.0, 1.0), (0.0, 1.0, 2.0))
NUDGE = 2.0**-20  # of a byte, before truncation of what was computed in float64


@CORRUPTIONS.register(
    "spatter",
    label="Spatter",
    group="weather",
    paper="Hendrycks & Dietterich 2019, extra; edges: Canny 1986; distances: Borgefors 1986",
    reads="Occlusion by bright drops of water at the first three severities, by brown spots of mud at the last two.",
    fails="Water and mud are two corruptions in one scale, so a curve over severity has a break.",
    differs="Edges, distances and equalising follow OpenCV's definitions and are not computed by it. Where no drop "
    "falls the image stays; the published code divides by zero there.",
    levels={
        "cifar": (
            (0.62, 0.1, 0.7, 0.7, 0.5, 0),
            (0.65, 0.1, 0.8, 0.7, 0.5, 0),
            (0.65, 0.3, 1.0, 0.69, 0.5, 0),
            (0.65, 0.1, 0.7, 0.69, 0.6, 1),
            (0.65, 0.1, 0.5, 0.68, 0.6, 1),
        ),
        "tiny": (
            (0.62, 0.1, 0.7, 0.7, 0.6, 0),
            (0.65, 0.1, 0.8, 0.7, 0.6, 0),
            (0.65, 0.3, 1.0, 0.69, 0.6, 0),
            (0.65, 0.1, 0.7, 0.68, 0.6, 1),
            (0.65, 0.1, 0.5, 0.67, 0.6, 1),
        ),
        "imagenet": (
            (0.65, 0.3, 4.0, 0.69, 0.6, 0),
            (0.65, 0.3, 3.0, 0.68, 0.6, 0),
            (0.65, 0.3, 2.0, 0.68, 0.5, 0),
            (0.65, 0.3, 1.0, 0.65, 1.5, 1),
            (0.67, 0.4, 1.0, 0.65, 1.5, 1),
        ),
    },
    extra=True,
    random=True,
)
def spatter(images: Tensor, level: tuple[float, ...], draws: Draws) -> Tensor:
    """Add drops of water, or cover by spots of mud.

    images (n, 3, H, W), level: mean, deviation and sigma of the layer, the threshold of a drop, how strong water is or
    sigma of the mud, 1 for mud -> images of the same shape.
    """
    mean, deviation, sigma, threshold, strength, mud = level
    # in float64: a byte more or less decides what is an edge
    noise = draws.normal(*images.shape[-2:]).double().mul_(deviation).add_(mean)
    layer = blurred(noise, sigma)
    if mud:
        cover = blurred((layer > threshold).double(), strength)
        return _covered(images, cover.where(cover >= 0.8, 0).float())
    return images + strength * _drops(layer.where(layer >= threshold, 0))[:, None] * _colour(WATER, images)


def _covered(images: Tensor, cover: Tensor) -> Tensor:
    return images * (1 - cover[:, None]) + cover[:, None] * _colour(MUD, images)


def _drops(layer: Tensor) -> Tensor:
    """How much light each pixel of a layer (n, H, W) adds: the layer in relief, from 0 to 1, float32."""
    levels = (layer * 255 + NUDGE).floor().remainder(256).float()  # a byte wraps around
    far = distances(canny(levels, 50, 150), 20.0)
    heights = equalised((smoothed(far) + 1e-4).floor())  # sums of nine round either way in float32
    kernel = layer.new_tensor(RELIEF, dtype=torch.float32)[None, None]
    relief = F.conv2d(F.pad(heights[:, None], (1, 1, 1, 1), mode="reflect"), kernel)[:, 0].clamp_(0, 255)
    light = levels * smoothed(relief).round()
    most = light.amax((1, 2), keepdim=True)
    return (light / most).where(most > 0, 0)


def _colour(colour: tuple[float, float, float], images: Tensor) -> Tensor:
    return images.new_tensor(colour).view(3, 1, 1)
