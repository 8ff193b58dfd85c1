"""Pixelate: the image is made small and large again by boxes (Hendrycks & Dietterich 2019)."""

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.filters import boxed
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "pixelate",
    label="Pixelate",
    group="digital",
    paper="Hendrycks & Dietterich 2019",
    reads="A thumbnail made large: detail goes and a grid of false edges comes.",
    fails="At 32 pixels most factors leave rows and columns of one and of two pixels, so the distortion is uneven.",
    levels={
        "cifar": (0.95, 0.9, 0.85, 0.75, 0.65),
        "tiny": (0.9, 0.8, 0.7, 0.6, 0.5),
        "imagenet": (0.6, 0.5, 0.4, 0.3, 0.25),
    },
    benchmark=True,
)
def pixelate(images: Tensor, level: float, draws: Draws) -> Tensor:
    """Resize by boxes to a part of the side and back, rounded to bytes at each step as Pillow does.

    images (n, C, H, W), level: the part of each side -> images of the same shape.
    """
    rows, columns = images.shape[-2:]
    small = boxed((images * 255).round_(), max(int(rows * level), 1), max(int(columns * level), 1))
    return boxed(small, rows, columns).div_(255)
