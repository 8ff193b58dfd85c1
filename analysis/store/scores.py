"""How well a pass did on the samples that a filter takes: calibration, and every class."""

import numpy as np
from duckdb import DuckDBPyConnection

from analysis.calibration import binned
from analysis.errors import BadParameter
from analysis.records import ClassScore, Filter, ReliabilityBin
from analysis.store import filters, scans
from analysis.store.access import Access
from analysis.store.filters import Plan

_WHAT = "Scoring"


class Scores:
    """Figures of merit, only over what the filter takes."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def reliability(self, given: Filter, bins: int = 15) -> list[ReliabilityBin]:
        """All bins of equal width, over the samples whose class the classifier knows."""
        if bins < 1:
            raise BadParameter(f"A reliability diagram takes at least one bin, got {bins}.")
        with self._access.read() as db:
            confidence, correct = _columns(db, filters.planned(db, given), ["confidence", "correct"])
        known = np.flatnonzero((correct >= 0) & ~np.isnan(confidence))
        return binned(confidence[known].astype(np.float64), correct[known], bins)

    def class_scores(self, given: Filter) -> list[ClassScore]:
        """The classes of the classifier that are the truth or the prediction of some sample, in their order."""
        with self._access.read() as db:
            plan = filters.planned(db, given)
            truth, prediction, confidence = _columns(db, plan, ["truth", "prediction", "confidence"])
            return _scored(truth, prediction, confidence.astype(np.float64), plan.needed(_WHAT).record.class_names)


def _columns(db: DuckDBPyConnection, plan: Plan, names: list[str]) -> list[np.ndarray]:
    """(n,) each, of the samples that the plan takes."""
    key, places = plan.needed(_WHAT).key, filters.places(db, plan)
    return [column[places] for column in scans.columns(db, "sample_result", key, names, plan.size)]


def _scored(
    truth: np.ndarray, prediction: np.ndarray, confidence: np.ndarray, names: tuple[str, ...]
) -> list[ClassScore]:
    def per_class(classes: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(classes + 1, weights, len(names) + 1)[1:]  # -1 is none

    samples, predicted = per_class(truth), per_class(prediction)
    right = per_class(np.where(truth == prediction, truth, -1))
    judged = per_class(np.where(truth >= 0, prediction, -1))
    with np.errstate(invalid="ignore"):
        recall, precision, mean = right / samples, right / judged, per_class(truth, confidence) / samples
    confused = _most_confused(truth, prediction, len(names))
    return [
        ClassScore(
            index=i,
            name=names[i],
            samples=int(samples[i]),
            predicted=int(predicted[i]),
            recall=float(recall[i]),
            precision=float(precision[i]),
            confidence=float(mean[i]),
            most_confused=names[confused[i]] if i in confused else "",
        )
        for i in np.flatnonzero(samples + predicted).tolist()
    ]


def _most_confused(truth: np.ndarray, prediction: np.ndarray, classes: int) -> dict[int, int]:
    """Class -> the class it is most often taken for, the first of equals."""
    wrong = np.flatnonzero((truth >= 0) & (truth != prediction))
    pairs, counts = np.unique(truth[wrong].astype(np.int64) * classes + prediction[wrong], return_counts=True)
    order = np.lexsort((-pairs, counts))  # the last of a class wins: most often, then the lowest class
    return {int(pairs[i] // classes): int(pairs[i] % classes) for i in order}
