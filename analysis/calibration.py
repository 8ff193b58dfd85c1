"""How far confidence is from accuracy, in bins of equal width: for passes, variants and sweeps alike."""

from collections.abc import Sequence

import numpy as np

from analysis.records import ReliabilityBin

BINS = 15


def bin_places(confidence: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Which bin each belongs to: confidence (n,) float64 in 0..1 -> (n,) int64; a bin is (lower, upper]."""
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def binned(confidence: np.ndarray, correct: np.ndarray, bins: int = BINS) -> list[ReliabilityBin]:
    """Bins of equal width: confidence (n,) float64 in 0..1, correct (n,) 0 or 1."""
    place = bin_places(confidence, bins)
    samples = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = np.bincount(place, confidence, bins) / samples
        right = np.bincount(place, correct, bins) / samples
    return [
        ReliabilityBin(i / bins, (i + 1) / bins, int(samples[i]), float(means[i]), float(right[i])) for i in range(bins)
    ]


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Mean distance of accuracy and confidence, weighted by the samples of a bin (Naeini et al. 2015, ECE).

    nan where there are no samples.
    """
    total = sum(b.samples for b in bins)
    gaps = sum(b.samples * abs(b.accuracy - b.confidence) for b in bins if b.samples)
    return gaps / total if total else float("nan")
