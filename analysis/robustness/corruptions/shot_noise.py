"""Shot noise: light comes in whole photons (Hendrycks & Dietterich 2019)."""

from functools import lru_cache

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS

BYTES = 256
BINS = 1024  # first guesses for each byte


@CORRUPTIONS.register(
    "shot_noise",
    label="Shot noise",
    group="noise",
    paper="Hendrycks & Dietterich 2019",
    reads="Noise of the light itself, stronger where it is bright: near to Gaussian noise in what it does.",
    fails="Black stays black, so a dark image hardly changes, while a camera would turn up its gain.",
    differs="Counts are drawn by inverting the distribution of each of the 256 levels of a byte.",
    levels={
        "cifar": (500, 250, 100, 75, 50),
        "tiny": (250, 100, 50, 30, 15),
        "imagenet": (60, 25, 12, 5, 3),
    },
    benchmark=True,
    random=True,
)
def shot_noise(images: Tensor, level: int, draws: Draws) -> Tensor:
    """Replace each value by a count of photons over the count that is white.

    images (n, C, H, W) of whole bytes, level: mean count of white -> images of the same shape.
    """
    guesses, cumulative = (torch.from_numpy(t).to(images.device) for t in _tables(level))
    chances = draws.uniform(*images.shape[1:])
    rows = (images * 255).round_().to(torch.int32)
    counts = guesses.take((rows * BINS).add_(chances.mul(BINS).to(torch.int32)).long())
    offsets = rows.mul_(cumulative.shape[1])
    counts += chances >= cumulative.take((offsets + counts).long())
    early = (chances >= cumulative.take((offsets + counts).long())).nonzero(as_tuple=True)
    while len(early[0]):  # the tails, where a bin holds many counts
        counts[early] += 1
        still = chances[early] >= cumulative.take((offsets[early] + counts[early]).long())
        early = tuple(index[still] for index in early)
    return counts.to(images.dtype).div_(level)


@lru_cache(maxsize=16)
def _tables(level: int) -> tuple[np.ndarray, np.ndarray]:
    """The count at each bin's lower end, (256 BINS,) int32, and the chance of at most k, (256, k) float32.

    The last k has a chance that no draw reaches.
    """
    means = np.arange(BYTES) / 255 * level
    most = int(stats.poisson.ppf(1 - 2.0**-26, level)) + 2
    cumulative = stats.poisson.cdf(np.arange(most)[None], means[:, None]).astype(np.float32)
    cumulative[:, -1] = 2.0
    ends = np.arange(BINS) / BINS
    guesses = np.concatenate([row.searchsorted(ends.astype(np.float32), side="right") for row in cumulative])
    return guesses.astype(np.int32), cumulative
