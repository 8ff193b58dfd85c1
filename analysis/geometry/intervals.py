"""Measures that are the share, median or mean of what each sample says, with 95 % intervals; nothing is resampled."""

from collections.abc import Mapping

import numpy as np

from analysis.geometry.registry import Measured, undefined

JACKKNIFE = "infinitesimal jackknife, over samples"
_Z = 1.959964  # of a normal distribution, 95 % lie within so many standard deviations


def share(hits: np.ndarray, arrays: Mapping[str, np.ndarray] | None = None, caveats: tuple[str, ...] = ()) -> Measured:
    """Of samples (N,) bool, how many are true: 0 to 1, with the interval of Wilson (1927)."""
    n = len(hits)
    if not n:
        return undefined("no sample has what it needs")
    value = float(np.count_nonzero(hits)) / n
    middle = (value + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * float(np.sqrt(value * (1 - value) / n + _Z**2 / (4 * n**2)))
    low, high = max(min(middle - half, value), 0.0), min(max(middle + half, value), 1.0)
    return Measured(value, n, low, high, "Wilson's, over samples", arrays=dict(arrays or {}), caveats=caveats)


def median(
    values: np.ndarray, arrays: Mapping[str, np.ndarray] | None = None, caveats: tuple[str, ...] = ()
) -> Measured:
    """Of samples (N,), NaN left out: the median, between two order statistics (binomial, normal approximation)."""
    there = np.sort(values[np.isfinite(values)])
    n = len(there)
    if not n:
        return undefined("no sample has what it needs")
    half = _Z * np.sqrt(n) / 2
    low, high = int(max(np.floor(n / 2 - half), 0)), int(min(np.ceil(n / 2 + half), n - 1))
    return Measured(
        float(np.median(there)),
        n,
        float(there[low]),
        float(there[high]),
        "order statistics, over samples",
        arrays=dict(arrays or {}),
        caveats=caveats,
    )


def mean(
    values: np.ndarray, arrays: Mapping[str, np.ndarray] | None = None, caveats: tuple[str, ...] = (), held: str = ""
) -> Measured:
    """Of samples (N,): the mean, with a normal interval; `held`: what it takes as given."""
    n = len(values)
    if n < 2:
        return undefined("it takes two samples", n)
    half = _Z * float(values.std(ddof=1)) / float(np.sqrt(n))
    value = float(values.mean())
    how = "normal, over samples" + (f", {held} held fixed" if held else "")
    return Measured(value, n, value - half, value + half, how, arrays=dict(arrays or {}), caveats=caveats)


def jackknifed(pulls: np.ndarray) -> float:
    """What each sample pulls a value by, (N,) N times the derivative by its weight -> half of a 95 % interval.

    Their spread is what a bootstrap would find, to first order (Efron 1982, The jackknife, the bootstrap and other
    resampling plans, chapter 6).
    """
    return _Z * float(pulls.std(ddof=1)) / float(np.sqrt(len(pulls)))
