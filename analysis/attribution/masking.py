"""Scores of partly hidden images, a bounded number at a time."""

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor


class Score(Protocol):
    """The targets' scores of altered images."""

    def expect(self, count: int) -> None:
        """Tell how many scores will be asked for, so that progress means something."""

    def __call__(self, images: Tensor, owners: Tensor) -> Tensor:
        """images (M, C, H, W), owners (M,) int64 -> (M,)."""
        ...


_ELEMENTS = 16_000_000  # of float32 images held at once: 64 MB


def chunks(masks: int, images: Tensor) -> Iterator[slice]:
    """Slices of the masks, small enough that all images under each fit in memory."""
    at_once = max(1, _ELEMENTS // max(1, images.numel()))
    return (slice(begin, min(begin + at_once, masks)) for begin in range(0, masks, at_once))


def scores_of_masked(score: Score, images: Tensor, visible: Tensor) -> Tensor:
    """Each image under each mask; what is hidden takes the mean colour, which is 0 after normalisation.

    images (N, C, H, W), visible (M, H, W), 0 to 1 -> scores (N, M).
    """
    altered = (images[:, None] * visible[None, :, None]).flatten(0, 1)
    owners = torch.arange(len(images), device=images.device).repeat_interleave(len(visible))
    return score(altered, owners).view(len(images), len(visible))
