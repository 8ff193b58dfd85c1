"""Glass blur: pixels trade places with near ones, between two blurs (Hendrycks & Dietterich 2019)."""

import torch
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.filters import blurred
from analysis.robustness.registry import CORRUPTIONS

NUDGE = 2.0**-13  # of a byte, before truncation: see applying.py


@CORRUPTIONS.register(
    "glass_blur",
    label="Glass blur",
    group="blur",
    paper="Hendrycks & Dietterich 2019",
    reads="Frosted glass: the colours stay where they were, edges are torn apart.",
    fails="Not monotone in severity at 32 pixels, where the fourth blurs less than the third.",
    differs="The published code means to swap two pixels but copies one over the other, as numpy's views do; so does "
    "this, for comparability. Its pixels follow one another and may copy a copy: here each is traced back to the pixel "
    "that it comes from, for all images at once, with the same result.",
    levels={
        "cifar": ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)),
        "tiny": ((0.1, 1, 1), (0.5, 1, 1), (0.6, 1, 2), (0.7, 2, 1), (0.9, 2, 2)),
        "imagenet": ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
    },
    benchmark=True,
    random=True,
)
def glass_blur(images: Tensor, level: tuple[float, int, int], draws: Draws) -> Tensor:
    """Blur, truncate to bytes, copy pixels from near by, blur again.

    images (n, C, H, W), level: sigma in pixels, how far a copy may come from, how often -> images of the same shape.
    """
    sigma, reach, rounds = level
    pixels = blurred(images, sigma).mul_(255).add_(NUDGE).floor_().div_(255).flatten(2)
    for _ in range(rounds):
        sources = _sources(images.shape[-2], images.shape[-1], reach, draws)
        pixels = pixels.gather(2, sources[:, None].expand_as(pixels))
    return blurred(pixels.view(images.shape), sigma)


def _sources(rows: int, columns: int, reach: int, draws: Draws) -> Tensor:
    """Which pixel each comes from after one round, (n, rows * columns) int64.

    Pixels are taken from the last row and column backwards; down and right, `reach` is left out of the draw, so that
    with a reach of 1 none copies a pixel that was changed before.
    """
    shift = draws.integers(-reach, reach, 2, rows, columns)  # columns, rows
    places = torch.arange(rows * columns, device=draws.device).view(rows, columns)
    moved = torch.zeros(rows, columns, dtype=torch.bool, device=draws.device)
    moved[reach + 1 : rows - reach + 1, reach + 1 : columns - reach + 1] = True
    sources = (places + (shift[:, 1] * columns + shift[:, 0]) * moved).flatten(1)
    if reach == 1:
        return sources
    return _traced(sources, moved.flatten())


def _traced(sources: Tensor, moved: Tensor) -> Tensor:
    """Where copies of copies come from: what was changed earlier, a later place, is followed in doubling steps."""
    places = torch.arange(sources.shape[1], device=sources.device)
    follows = (sources > places) & moved[sources]
    onwards = sources.where(follows, places)  # the copy that this one repeats, or itself
    while True:
        further = onwards.gather(1, onwards)
        if bool((further == onwards).all()):
            return sources.gather(1, onwards)
        onwards = further
