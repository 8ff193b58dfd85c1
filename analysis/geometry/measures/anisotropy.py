"""Anisotropy: whether features point all one way (Ethayarajh 2019)."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.registry import MEASURES, Measured, undefined

_Z = 1.959964
_NOTHING = 1e-12  # of the root mean squared length: shorter is rounding


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
    lengths = features.lengths
    if centred:
        lengths = [np.sqrt(np.square(part - middle).sum(axis=1)) for _, part in features.parts()]
        lengths = np.concatenate([*lengths, np.empty(0)])
    long = lengths > _NOTHING * np.sqrt(features.size)
    over = np.where(long, 1 / np.where(long, lengths, 1), 0)
    total = np.zeros(features.width)
    for where, part in features.parts():
        total += over[where] @ (part - middle)
    samples = np.full(len(features), np.nan)
    for where, part in features.parts():
        samples[where] = np.where(long[where], over[where] * ((part - middle) @ total) - 1, np.nan)
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
