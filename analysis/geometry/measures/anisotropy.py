"""Anisotropy: whether features point all one way (Ethayarajh 2019)."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.heads import unit_rows
from analysis.geometry.registry import MEASURES, Measured, undefined

_Z = 1.959964


@MEASURES.register(
    "features",
    "anisotropy",
    label="Anisotropy",
    group="dimension",
    paper="Ethayarajh 2019, EMNLP, section 3.2",
    convention="Mean cosine over all pairs of two different samples, about the origin; on request about the mean.",
    reads="0: features point in all directions alike; 1: all point the same way, and cosines tell little apart.",
    fails="Behind a ReLU all features are at least 0, so it is large whatever the network has learned.",
    unmoved=("permutation", "rotation", "scaling"),
)
def anisotropy(features: Features, *, centred: bool = False) -> Measured:
    """features -> about 0 to 1; arrays: samples (N,) mean cosine of each with the others, NaN for length 0."""
    middle = features.mean if centred else np.zeros(features.width)
    total, nothing = np.zeros(features.width), 1e-12 * np.sqrt(features.size)
    for _, part in features.parts():
        total += unit_rows(_long(part - middle, nothing)).sum(axis=0)
    samples = np.full(len(features), np.nan)
    for where, part in features.parts():
        units = unit_rows(_long(part - middle, nothing))
        there = np.square(units).sum(axis=1) > 0
        samples[where] = np.where(there, units @ total - 1, np.nan)
    there = np.isfinite(samples)
    n = int(there.sum())
    if n < 2:
        return undefined("fewer than two samples have a direction", n)
    samples /= n - 1
    value = float(samples[there].mean())
    half = 2 * _Z * float(samples[there].std(ddof=1)) / float(np.sqrt(n))  # of a mean over pairs
    low, high = max(value - half, -1.0), min(value + half, 1.0)
    said = (f"{len(features) - n:,} samples of length 0 have no direction.",) if n < len(features) else ()
    how = "normal, over samples"
    return Measured(value, n, min(low, value), max(high, value), how, arrays={"samples": samples}, caveats=said)


def _long(rows: np.ndarray, nothing: float) -> np.ndarray:
    """Rows that are rounding set to 0."""
    short = np.square(rows).sum(axis=1) <= nothing**2
    return np.where(short[:, None], 0, rows)
