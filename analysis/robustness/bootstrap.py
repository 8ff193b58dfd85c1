"""How sure a number is: 95 % intervals from 200 resamples of the samples (Efron 1979; percentiles).

A resample gives every sample a weight: how often it was drawn. The draws depend on the seed and on how many samples
there are, so cells of one sweep are resampled alike, and the difference of two of them has its own interval.
Samples are all that is drawn: the training of the networks, once each, is not.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np

from analysis.sweeps import Score

RESAMPLES = 200
LEVEL = 0.95
_AT_ONCE = 500_000  # weights: more than fit a processor's cache take longer


def weights(samples: int, seed: int, resamples: int = RESAMPLES) -> Iterator[np.ndarray]:
    """(samples, k) float64 parts, 1 + resamples columns in all: first every sample once, then as often as drawn."""
    often, step = _drawn(samples, seed, resamples), max(_AT_ONCE // max(samples, 1), 1)
    for start in range(0, resamples + 1, step):
        yield np.ascontiguousarray(often[start : start + step].T, dtype=np.float64)


def replicated(
    statistic: Callable[[np.ndarray], np.ndarray], samples: int, seed: int, resamples: int = RESAMPLES
) -> np.ndarray:
    """A statistic of weighted samples, (samples, k) -> (..., k), over them and over all resamples: (..., 1 + R)."""
    return np.concatenate([statistic(part) for part in weights(samples, seed, resamples)], axis=-1)


def interval(replicates: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(..., 1 + R) -> value, low and high (...); nan where fewer than half of the resamples have the number."""
    value, drawn = replicates[..., 0], replicates[..., 1:]
    tail = 100 * (1 - LEVEL) / 2
    finite = np.isfinite(drawn)
    if finite.all() and drawn.shape[-1]:
        low, high = np.percentile(drawn, [tail, 100 - tail], axis=-1)
        return value, low, high
    enough = finite.sum(axis=-1) * 2 > drawn.shape[-1]
    held = np.where(finite & enough[..., None], drawn, np.where(enough[..., None], np.nan, 0.0))
    low, high = np.nanpercentile(held, [tail, 100 - tail], axis=-1) if drawn.shape[-1] else (value, value)
    return value, np.where(enough, low, np.nan), np.where(enough, high, np.nan)


def score(replicates: np.ndarray) -> Score:
    """(1 + R,) -> the value with its interval."""
    value, low, high = interval(replicates)
    return Score(float(value), float(low), float(high))


@lru_cache(maxsize=2)
def _drawn(samples: int, seed: int, resamples: int) -> np.ndarray:
    """(1 + resamples, samples) uint8, kept for the next cell of the sweep. Nothing is drawn 256 times of so many."""
    chance = np.random.default_rng([seed, samples])
    made = np.ones((1 + resamples, samples), np.uint8)
    for often in made[1:]:
        often[:] = np.bincount(chance.integers(0, max(samples, 1), samples), minlength=samples)
    made.setflags(write=False)
    return made
