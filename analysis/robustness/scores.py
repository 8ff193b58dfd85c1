"""What a cell of a sweep comes to: figures of merit over its samples, each with a 95 % bootstrap interval.

- accuracy, nll (mean of -log p of the true class), brier (sum over classes of squared errors, mean over samples):
  over the samples that have the number.
- ece: 15 bins of equal width (Naeini et al. 2015). A resample looks worse calibrated than what it was drawn from, so
  the interval is moved by that much (the median of the resamples less the value), and never goes below 0.
- agreement: share of the samples for which the reference member predicts the same class under the same condition.
- mean and variance (ddof 0) of angle, length and margin.
- auroc_msp, auroc_max_logit, auroc_energy: how well one can tell a corrupted image from a clean one. The corrupted
  image is the positive class; it scores -confidence, -max_logit, energy = -logsumexp. .5 is chance, and ties count
  half. Clean and corrupted images of a sample are drawn together.
"""

from collections.abc import Callable, Mapping

import numpy as np

from analysis.calibration import BINS, bin_places
from analysis.robustness.bootstrap import replicated, score
from analysis.sweeps import GEOMETRY, Score

_MEANS = {"accuracy": "correct", "nll": "loss", "brier": "brier"}
_DETECTORS = {"auroc_msp": ("confidence", -1), "auroc_max_logit": ("max_logit", -1), "auroc_energy": ("energy", 1)}

NAMES = (
    *("accuracy", "ece", "nll", "brier", "agreement"),
    *(f"{what}_{number}" for number in GEOMETRY for what in ("mean", "var")),
    *_DETECTORS,
)

Rows = Mapping[str, np.ndarray]
_Weighted = Callable[[np.ndarray], np.ndarray]


def cell_scores(
    rows: Rows, clean: Rows | None = None, reference: Rows | None = None, *, seed: int = 0
) -> dict[str, Score]:
    """The scores of a cell, in the order of NAMES, without those that cannot be said.

    rows, clean (the same member without corruption), reference (another member under the same condition): columns as
    in a part of a sweep, (n,) each: sample ascending, prediction, correct (-1 unknown), numbers with nan where none.
    Of clean and reference only the samples are used that rows has too.
    """
    count, given = len(rows["sample"]), _statistics(rows, clean, reference)
    if not count or not given:
        return {}
    every = replicated(lambda w: np.stack([make(w) for make in given.values()]), count, seed)
    found = {name: score(_centred(row) if name == "ece" else row) for name, row in zip(given, every, strict=True)}
    return {name: s for name, s in found.items() if np.isfinite(s.value)}


def cell_values(rows: Rows, clean: Rows | None = None, reference: Rows | None = None) -> dict[str, float]:
    """The same without intervals, in a small part of the time; only what the columns given allow."""
    once = np.ones((len(rows["sample"]), 1))
    return {name: float(make(once)[0]) for name, make in _statistics(rows, clean, reference).items() if len(once)}


def area(positive: np.ndarray, negative: np.ndarray) -> _Weighted:
    """The AUROC of paired scores (n,) each, as a statistic of weights (n, k) -> (k,); nan where none has weight.

    sum over i, j of w_i w_j [p_i > n_j] + [p_i = n_j] / 2, over (sum of w)^2: from running sums of weights in the
    order of the negative scores.
    """
    order = np.argsort(negative, kind="stable")
    ranked = negative[order]
    below, upto = (np.searchsorted(ranked, positive, side) for side in ("left", "right"))
    tied = not np.array_equal(below, upto)

    def statistic(weights: np.ndarray) -> np.ndarray:
        passed = np.zeros((len(order) + 1, weights.shape[1]))
        np.cumsum(weights[order], axis=0, out=passed[1:])
        beaten = (passed[below] + passed[upto]) / 2 if tied else passed[below]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.einsum("nk,nk->k", weights, beaten) / passed[-1] ** 2

    return statistic


def _statistics(rows: Rows, clean: Rows | None, reference: Rows | None) -> dict[str, _Weighted]:
    """In the order of NAMES."""
    found = _own(rows)
    if reference is not None:
        found["agreement"] = _agreement(rows, reference)
    if clean is not None:
        found |= _detection(rows, clean)
    return {name: make for name in NAMES if (make := found.get(name))}


def _own(rows: Rows) -> dict[str, _Weighted]:
    """Those that need this cell's rows alone."""
    found: dict[str, _Weighted] = {}
    for name, column in _MEANS.items():
        if column in rows:
            found[name] = _mean(*_usable(rows[column], unknown=column == "correct"))
    if "confidence" in rows and "correct" in rows:
        found["ece"] = _calibration(rows["confidence"], rows["correct"])
    for number in GEOMETRY:
        if number in rows:
            values, there = _usable(rows[number])
            found[f"mean_{number}"] = _mean(values, there)
            found[f"var_{number}"] = _variance(values, there)
    return found


def _agreement(rows: Rows, reference: Rows) -> _Weighted:
    own, other = _paired(rows["sample"], reference["sample"])
    same, there = np.zeros(len(rows["sample"])), np.zeros(len(rows["sample"]))
    mine, theirs = rows["prediction"][own], reference["prediction"][other]
    there[own] = (mine >= 0) & (theirs >= 0)
    same[own] = (mine == theirs) * there[own]
    return _mean(same, there)


def _detection(rows: Rows, clean: Rows) -> dict[str, _Weighted]:
    own, other = _paired(rows["sample"], clean["sample"])
    found: dict[str, _Weighted] = {}
    for name, (column, sign) in _DETECTORS.items():
        if column in rows and column in clean:
            positive = sign * np.asarray(rows[column], dtype=np.float64)[own]
            negative = sign * np.asarray(clean[column], dtype=np.float64)[other]
            usable = np.isfinite(positive) & np.isfinite(negative)
            found[name] = _among(own[usable], area(positive[usable], negative[usable]))
    return found


def _among(places: np.ndarray, statistic: _Weighted) -> _Weighted:
    return lambda weights: statistic(weights[places])


def _calibration(confidence: np.ndarray, correct: np.ndarray) -> _Weighted:
    sure, there = _usable(confidence)
    right, known = _usable(correct, unknown=True)
    there = there * known
    gap = (right - sure) * there
    inside = np.zeros((BINS, len(gap)))
    inside[bin_places(sure), np.arange(len(gap))] = 1

    def statistic(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.abs((inside * gap) @ weights).sum(axis=0) / (there @ weights)

    return statistic


def _mean(values: np.ndarray, there: np.ndarray) -> _Weighted:
    """Of values (n,) that are 0 where they are not there."""

    def statistic(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return (values @ weights) / (there @ weights)

    return statistic


def _variance(values: np.ndarray, there: np.ndarray) -> _Weighted:
    total = there.sum()
    middle = values.sum() / total if total else 0.0  # about it, so that no digits are lost to a large mean
    moved = (values - middle) * there
    square, mean = _mean(moved**2, there), _mean(moved, there)
    return lambda weights: square(weights) - mean(weights) ** 2


def _usable(values: np.ndarray, *, unknown: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """(n,) -> float64 with 0 where there is none, and 1 where there is one. unknown: below zero means none."""
    found = np.asarray(values, dtype=np.float64)
    there = np.isfinite(found) & (found >= 0) if unknown else np.isfinite(found)
    return np.where(there, found, 0.0), there.astype(np.float64)


def _paired(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places of the samples that both have."""
    if np.array_equal(one, other):
        return np.arange(len(one)), np.arange(len(one))
    _, first, second = np.intersect1d(one, other, return_indices=True)
    return first, second


def _centred(replicates: np.ndarray) -> np.ndarray:
    drawn = replicates[1:]
    bias = np.median(drawn) - replicates[0] if np.isfinite(drawn).all() else 0.0
    return np.concatenate([replicates[:1], np.maximum(drawn - bias, 0)])
