"""95 % intervals of what samples say: of shares, medians, means, and of values that are taken anew without each group.

Where class means or neighbours make up a value, they are not held fixed: its interval would be too narrow. A share
counts the samples that are asked.
"""

from collections.abc import Mapping

import numpy as np

from analysis.geometry.registry import Measured, undefined

JACKKNIFE = "infinitesimal jackknife, over samples"
GROUPED = "jackknife without each of 10 groups of samples"
Spread = tuple[float, float, str]  # low, high, and how they were found
ANYTHING = (float("-inf"), float("inf"))
SHARE = (0.0, 1.0)  # what a share can be: no interval goes past it
POSITIVE = (0.0, float("inf"))
_Z = 1.959964  # of a normal distribution, 95 % lie within so many standard deviations
_T = 2.262157  # of Student's t with 9 degrees of freedom, likewise


def share(hits: np.ndarray, arrays: Mapping[str, np.ndarray] | None = None, caveats: tuple[str, ...] = ()) -> Measured:
    """Of samples (N,) bool, how many are true: 0 to 1, with the interval of Wilson (1927)."""
    n = len(hits)
    if not n:
        return undefined("no sample has what it needs")
    value = float(np.count_nonzero(hits)) / n
    return Measured(value, n, *wilson(value, n), arrays=dict(arrays or {}), caveats=caveats)


def wilson(value: float, n: int) -> Spread:
    """Of a share of n samples; never of no width, and wide enough for a mean of n shares (Wilson 1927)."""
    middle = (value + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * float(np.sqrt(value * (1 - value) / n + _Z**2 / (4 * n**2)))
    return max(min(middle - half, value), 0.0), min(max(middle + half, value), 1.0), "Wilson's, over samples"


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
    values: np.ndarray,
    arrays: Mapping[str, np.ndarray] | None = None,
    caveats: tuple[str, ...] = (),
    span: tuple[float, float] = ANYTHING,
) -> Measured:
    """Of samples (N,): the mean, with a normal interval; span: what it can be.

    Where all samples say nothing, or all there is, of a share: Wilson's, as they did not vary by chance.
    """
    n = len(values)
    if n < 2:
        return undefined("it takes two samples", n)
    half = _Z * float(values.std(ddof=1)) / float(np.sqrt(n))
    value = float(values.mean())
    spread = (*clipped(value, half, span), "normal, over samples")
    if span == SHARE and not half > 0 and value in SHARE:
        spread = wilson(value, n)
    return Measured(value, n, *spread, arrays=dict(arrays or {}), caveats=caveats)


def clipped(value: float, half: float, span: tuple[float, float]) -> tuple[float, float]:
    """value - half and value + half, as far as the value can be that; rounding of the value itself stays inside."""
    return min(max(value - half, span[0]), value), max(min(value + half, span[1]), value)


def none() -> Spread:
    return float("nan"), float("nan"), ""


def from_groups(value: float, without: np.ndarray, span: tuple[float, float] = ANYTHING) -> Spread:
    """The value, and what it is without each of ten groups (10,) -> its interval; none where nothing moves it.

    The delete-a-group jackknife (Shao & Tu 1995, section 2.3) with Student's t of nine degrees of freedom.
    """
    if not np.isfinite(without).all():
        return none()
    error = float(np.sqrt((len(without) - 1) * without.var()))
    if error <= 1e-12 * abs(value):
        return none()
    return *clipped(value, _T * error, span), GROUPED


def jackknifed(pulls: np.ndarray) -> float:
    """What each sample pulls a value by, (N,) N times the derivative by its weight -> half of a 95 % interval.

    Their spread is what a bootstrap would find, to first order (Efron 1982, The jackknife, the bootstrap and other
    resampling plans, chapter 6).
    """
    return _Z * float(pulls.std(ddof=1)) / float(np.sqrt(len(pulls)))
