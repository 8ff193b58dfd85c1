"""The columns of a part: prediction, confidence, loss, and where the sample lies in the geometry of a linear head."""

from typing import Any

import numpy as np

from analysis.passes.collectors import Seen
from analysis.passes.geometry import geometry
from analysis.passes.parts import Tally
from analysis.records import UNLABELLED

TOP = 5


def columns(seen: Seen) -> tuple[dict[str, Any], Tally]:
    """By the names of `parts.schema`, masked where there is nothing to say, and what they come to.

    The prediction is the first of the largest logits. Probabilities are softmax in float64; the loss is
    -log of the true class's. Angle and margin are to the true class, or to the prediction where that is unknown.
    """
    logits = seen.logits.astype(np.float64)
    numbers = np.equal(np.isfinite(logits).sum(axis=1), logits.shape[1])
    log_probabilities = log_softmax(np.where(numbers[:, None], logits, 0))
    best = top(seen.logits)
    rows = np.arange(len(logits))
    known = seen.truth != UNLABELLED
    prediction = best[:, 0]
    measured = np.where(known, seen.truth, prediction)
    correct = known & (prediction == seen.truth)
    probabilities = np.exp(np.take_along_axis(log_probabilities, best, axis=1))
    probabilities[~numbers] = np.nan
    loss = -log_probabilities[rows, measured]
    found = {
        "sample": np.asarray(seen.samples, dtype=np.int32),
        "truth": np.ma.masked_array(seen.truth.astype(np.int32), ~known),
        "prediction": prediction.astype(np.int32),
        "confidence": _finite(probabilities[:, 0]),
        "correct": np.ma.masked_array(correct, ~known),
        "loss": np.ma.masked_array(loss.astype(np.float32), ~known | ~numbers),
        "top_classes": best.astype(np.int32),
        "top_probabilities": probabilities.astype(np.float32),
    }
    tally = Tally(len(rows), int(known.sum()), int(correct.sum()), int((~numbers).sum()))
    return found | _geometry(seen, measured, known), tally


def _geometry(seen: Seen, measured: np.ndarray, known: np.ndarray) -> dict[str, np.ma.MaskedArray]:
    if seen.head is None:
        nothing = _finite(np.full(len(measured), np.nan))
        return dict.fromkeys(("angle", "length", "margin"), nothing)
    found = geometry(seen.features["penultimate"], seen.head, measured)
    # to the predicted class it is never below zero, but for the rounding of a tie
    margin = np.where(known, found.margin, np.maximum(found.margin, 0))
    return {"angle": _finite(found.angle), "length": _finite(found.length), "margin": _finite(margin)}


def top(logits: np.ndarray, count: int = TOP) -> np.ndarray:
    """The largest first, of equal ones the first class: logits (n, L) -> (n, at most count) int64."""
    most = float(np.finfo(np.float32).max)
    left = np.nan_to_num(logits, nan=-most, posinf=most, neginf=-most)
    rows, found = np.arange(len(left)), []
    for _ in range(min(count, left.shape[1])):
        found.append(left.argmax(axis=1))
        left[rows, found[-1]] = -np.inf
    return np.stack(found, axis=1)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """(n, L) float64 -> (n, L)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _finite(values: np.ndarray) -> np.ma.MaskedArray:
    """As float32, masked where not a number."""
    return np.ma.masked_array(values.astype(np.float32), ~np.isfinite(values))
