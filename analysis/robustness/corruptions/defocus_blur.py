"""Defocus blur: each point becomes a disc, as when a lens is out of focus (Hendrycks & Dietterich 2019)."""

from functools import lru_cache

import numpy as np
from scipy import ndimage
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.filters import filtered
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "defocus_blur",
    label="Defocus blur",
    group="blur",
    paper="Hendrycks & Dietterich 2019",
    reads="A lens out of focus: detail goes, coarse shape and colour stay.",
    fails="At 32 pixels the discs are smaller than two pixels, so the mild severities hardly differ from a clean "
    "image.",
    levels={
        "cifar": ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1)),
        "tiny": ((0.5, 0.6), (1.0, 0.1), (1.5, 0.1), (2.5, 0.01), (3.0, 0.1)),
        "imagenet": ((3.0, 0.1), (4.0, 0.5), (6.0, 0.5), (8.0, 0.5), (10.0, 0.5)),
    },
    benchmark=True,
)
def defocus_blur(images: Tensor, level: tuple[float, float], draws: Draws) -> Tensor:
    """Correlate with a disc whose edge is smoothed; the border is mirrored about the outermost pixels.

    images (n, C, H, W), level: radius of the disc and sigma of the smoothing, in pixels -> images of the same shape.
    """
    return filtered(images, _disc(*level))


@lru_cache(maxsize=16)
def _disc(radius: float, alias: float) -> np.ndarray:
    """(k, k) float64, sum 1 but for what smoothing mirrors in; smoothed by 3 x 3 weights, by 5 x 5 beyond radius 8."""
    small = radius <= 8
    line = np.arange(-8, 9) if small else np.arange(-radius, radius + 1)
    disc = (line**2 + line[:, None] ** 2 <= radius**2).astype(np.float64)
    steps = np.arange(-1, 2) if small else np.arange(-2, 3)
    weights = np.exp(-(steps**2) / (2 * alias**2))
    weights /= weights.sum()
    for axis in (0, 1):
        disc = ndimage.correlate1d(disc, weights, axis=axis, mode="mirror")
    return disc / (line**2 + line[:, None] ** 2 <= radius**2).sum()
