"""Occlusion: how far the score drops when a patch is covered (Zeiler & Fergus 2014, section 4.2)."""

import math
from typing import Annotated

import torch
from torch import Tensor

from analysis.attribution.masking import Score, chunks, scores_of_masked
from analysis.attribution.registry import METHODS
from analysis.registry import Range


@METHODS.register(
    "masks",
    "occlusion",
    label="Occlusion",
    paper="Zeiler & Fergus 2014, section 4.2",
    reads="How far the score drops when this place is covered; below zero, covering it helps.",
    fails="Misses what is larger than the patch or shown twice; the patch itself is something the network never saw.",
    differs="A pixel shows the mean over the patches that cover it, as captum; patches take the mean colour, not grey.",
    slow=True,
    ignores_tap=True,
)
def occlusion(
    score: Score,
    images: Tensor,
    activations: Tensor | None,
    *,
    patch: Annotated[float, Range(0.02, 0.9)] = 0.125,
    stride: Annotated[float, Range(0.01, 0.9)] = 0.0625,
) -> Tensor:
    """Show which places the score falls without, black-box.

    `patch` and `stride` are fractions of the shorter side, at least one pixel. All channels are covered together.

    score, images (N, C, H, W), activations unused -> maps (N, H, W), signed, in units of the score.
    """
    shorter = min(images.shape[-2:])
    side, step = max(1, round(patch * shorter)), max(1, round(stride * shorter))
    places = corners(images.shape[-2:], side, min(step, side))  # no pixel is left uncovered
    score.expect(len(images) * (len(places) + 1))
    whole = score(images, torch.arange(len(images), device=images.device))
    total = torch.zeros_like(images[:, 0])
    covers = torch.zeros_like(images[0, 0])
    for chunk in chunks(len(places), images):
        covered = patches(places[chunk], side, images)
        drops = whole[:, None] - scores_of_masked(score, images, 1 - covered)
        total += torch.einsum("nm,mhw->nhw", drops, covered)
        covers += covered.sum(dim=0)
    return total / covers


def corners(size: torch.Size, side: int, step: int) -> list[tuple[int, int]]:
    """Upper left corners of the patches, row by row; the last of a row may reach over the edge."""
    counts = [math.ceil(max(0, length - side) / step) + 1 for length in size]
    return [(row * step, column * step) for row in range(counts[0]) for column in range(counts[1])]


def patches(places: list[tuple[int, int]], side: int, images: Tensor) -> Tensor:
    """1 under a patch, 0 elsewhere: M corners, images (N, C, H, W) -> (M, H, W)."""
    covered = images.new_zeros(len(places), *images.shape[-2:])
    for mask, (row, column) in zip(covered, places, strict=True):
        mask[row : row + side, column : column + side] = 1
    return covered
