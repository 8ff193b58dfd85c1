"""How well a pass did on the samples that a filter takes: calibration, and every class."""

from collections.abc import Sequence

import numpy as np

from analysis.errors import BadParameter
from analysis.records import ClassScore, Filter, ReliabilityBin
from analysis.store import filters, scans
from analysis.store.access import Access


class Scores:
    """Figures of merit, only over what the filter takes."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def reliability(self, given: Filter, bins: int = 15) -> list[ReliabilityBin]:
        """All bins of equal width, over the samples whose class the classifier knows."""
        if bins < 1:
            raise BadParameter(f"A reliability diagram takes at least one bin, got {bins}.")
        confidence, correct = self._columns(given, "A reliability diagram", ["confidence", "correct"])
        known = (correct >= 0) & ~np.isnan(confidence)
        return _binned(confidence[known].astype(np.float64), correct[known], bins)

    def class_scores(self, given: Filter) -> list[ClassScore]:
        """The classes of the classifier that are the truth or the prediction of some sample, in their order."""
        names = ["truth", "prediction", "confidence"]
        truth, prediction, confidence = self._columns(given, "Scores of classes", names)
        return _scored(truth, prediction, confidence.astype(np.float64), self._class_names(given))

    def _columns(self, given: Filter, what: str, names: list[str]) -> list[np.ndarray]:
        with self._access.read() as db:
            plan = filters.planned(db, given)
            key = plan.needed(what).key
            wanted = filters.chosen(db, plan)
            return [column[wanted] for column in scans.columns(db, "sample_result", key, names, plan.size)]

    def _class_names(self, given: Filter) -> tuple[str, ...]:
        with self._access.read() as db:
            return filters.planned(db, given).needed("Scores of classes").record.class_names


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Mean distance of accuracy and confidence, weighted by the samples of a bin (Naeini et al. 2015, ECE).

    nan where there are no samples.
    """
    total = sum(b.samples for b in bins)
    gaps = sum(b.samples * abs(b.accuracy - b.confidence) for b in bins if b.samples)
    return gaps / total if total else float("nan")


def _binned(confidence: np.ndarray, correct: np.ndarray, bins: int) -> list[ReliabilityBin]:
    edges = np.arange(bins + 1) / bins
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)  # (lower, upper]
    samples = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = np.bincount(place, confidence, bins) / samples
        right = np.bincount(place, correct, bins) / samples
    return [
        ReliabilityBin(float(edges[i]), float(edges[i + 1]), int(samples[i]), float(means[i]), float(right[i]))
        for i in range(bins)
    ]


def _scored(
    truth: np.ndarray, prediction: np.ndarray, confidence: np.ndarray, names: tuple[str, ...]
) -> list[ClassScore]:
    classes, known = len(names), truth >= 0
    samples = np.bincount(truth[known], minlength=classes)
    predicted = np.bincount(prediction, minlength=classes)
    judged = np.bincount(prediction[known], minlength=classes)
    right = np.bincount(truth[known & (truth == prediction)], minlength=classes)
    with np.errstate(invalid="ignore"):
        recall, precision = right / samples, right / judged
        mean = np.bincount(truth[known], confidence[known], classes) / samples
    confused = _most_confused(truth, prediction, classes)
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
    wrong = (truth >= 0) & (truth != prediction)
    pairs, counts = np.unique(truth[wrong].astype(np.int64) * classes + prediction[wrong], return_counts=True)
    order = np.lexsort((-pairs, counts))  # the last of a class wins: most often, then the lowest class
    return {int(pairs[i] // classes): int(pairs[i] % classes) for i in order}
