"""Copies of images for augmentation smoothing: mirrored, and scaled in contrast."""

from collections.abc import Callable, Iterator

from torch import Tensor

FACTORS = (0.9, 1.0, 1.1)


def views(images: Tensor) -> Iterator[tuple[Tensor, Callable[[Tensor], Tensor]]]:
    """Six copies of images (N, C, H, W), each with the function that turns its maps (N, h, w) back."""
    for factor in FACTORS:
        yield images * factor, _same
    for factor in FACTORS:
        yield images.flip(-1) * factor, _mirrored


def _same(maps: Tensor) -> Tensor:
    return maps


def _mirrored(maps: Tensor) -> Tensor:
    return maps.flip(-1)
