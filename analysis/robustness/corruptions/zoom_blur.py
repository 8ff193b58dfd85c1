"""Zoom blur: the mean of the image and of its enlargements (Hendrycks & Dietterich 2019)."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.filters import zoomed
from analysis.robustness.registry import CORRUPTIONS

FEW_PIXELS = 1024  # up to which the whole blur is one matrix


@CORRUPTIONS.register(
    "zoom_blur",
    label="Zoom blur",
    group="blur",
    paper="Hendrycks & Dietterich 2019",
    reads="A camera that moves towards the object: the middle stays sharp, the border smears outwards.",
    fails="An object in the middle is hardly touched, so the score also says where objects are.",
    differs="The image itself counts twice, as in the published code, whose first factor is 1.",
    levels={
        "cifar": ((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
        "tiny": ((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
        "imagenet": ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)),
    },
    benchmark=True,
)
def zoom_blur(images: Tensor, level: tuple[float, float], draws: Draws) -> Tensor:
    """The mean over enlargements about the middle.

    images (n, C, H, W), level: the end and the step of the factors, from 1 on as numpy.arange counts -> images of the
    same shape.
    """
    rows, columns = images.shape[-2:]
    if rows * columns > FEW_PIXELS:
        return _mean(images, level)
    matrix = _matrix(rows, columns, level).to(images.device)
    return (images.flatten(2) @ matrix).view(images.shape)


def _mean(images: Tensor, level: tuple[float, float]) -> Tensor:
    factors = np.arange(1, *level).tolist()  # the end may be among them, by rounding
    total = 2 * images
    for factor in factors[1:]:
        total += zoomed(images, factor)
    return total.div_(len(factors) + 1)


@lru_cache(maxsize=8)
def _matrix(rows: int, columns: int, level: tuple[float, float]) -> Tensor:
    """What each pixel gives to which: (rows * columns, rows * columns)."""
    pixels = torch.eye(rows * columns).view(-1, 1, rows, columns)
    return _mean(pixels, level).flatten(1)
