"""Figures of one network's answers, and of how far they are from another's, over the same samples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.calibration import binned, expected_calibration_error
from analysis.geometry.similarity import cka
from analysis.passes.features import feature_path
from analysis.records import Measures, PassRecord

if TYPE_CHECKING:
    from analysis.passes.collectors import Seen
    from models.classifier import Classifier

LOGITS, PENULTIMATE = "logits", "penultimate"
_ROWS = 4096  # at a time: logits may lie on the disk


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a network said of N samples."""

    class_names: tuple[str, ...]
    prediction: np.ndarray  # (N,) its own classes
    confidence: np.ndarray  # (N,) of the prediction; nan where the logits were not numbers
    correct: np.ndarray  # (N,) int8: 1, 0, or -1 where the truth is not known to it
    logits: np.ndarray  # (N, L) float32, perhaps on the disk
    features: np.ndarray | None  # (N, D) float32, the last ones, see `taps_of`; None where there are none

    def __len__(self) -> int:
        return len(self.prediction)


@dataclass(frozen=True, slots=True)
class Figures:
    """As in `Measures`."""

    samples: int
    accuracy: float | None = None
    ece: float | None = None
    agreement: float | None = None
    cka: float | None = None
    delta_logit: float | None = None
    changed: int | None = None
    remarks: tuple[str, ...] = ()  # why a figure is not there

    def of(self, model_id: str, base_id: str, dataset_id: str, dataset_name: str) -> Measures:
        """With whose figures they are."""
        return Measures(
            model_id=model_id,
            dataset_name=dataset_name,
            dataset_id=dataset_id,
            samples=self.samples,
            accuracy=self.accuracy,
            ece=self.ece,
            base_id=base_id,
            agreement=self.agreement,
            cka=self.cka,
            delta_logit=self.delta_logit,
            changed=self.changed,
        )


def taps_of(classifier: Classifier) -> tuple[str, ...]:
    """What a pass must keep: the logits, and the last features.

    Those are what a linear head reads; where the head is another (of whole numbers, say), the means over the map of
    the default layer, which are the same in networks that pool that layer; else none.
    """
    if classifier.head is not None:
        return PENULTIMATE, LOGITS
    return (classifier.default_tap, LOGITS) if classifier.default_tap else (LOGITS,)


def of_pass(record: PassRecord, folder: Path, parts: Sequence[Path]) -> Answers:
    """What a finished pass has kept; it must have been asked for the logits."""
    import pyarrow as pa
    from pyarrow import parquet

    names = ["prediction", "confidence", "correct"]
    table = pa.concat_tables([parquet.read_table(path, columns=names) for path in parts])
    last = next((tap for tap in record.taps if tap != LOGITS), None)
    return Answers(
        class_names=record.class_names,
        prediction=table["prediction"].to_numpy(),
        confidence=table["confidence"].fill_null(math.nan).to_numpy(),
        correct=table["correct"].cast(pa.int8()).fill_null(-1).to_numpy(),
        logits=np.load(feature_path(folder, LOGITS), mmap_mode="r"),
        features=np.load(feature_path(folder, last), mmap_mode="r") if last else None,
    )


def of_seen(seen: Seen, class_names: tuple[str, ...]) -> Answers:
    """The same of outputs in memory, by the very steps of a pass."""
    from analysis.passes.predictions import columns

    found = columns(seen)[0]
    correct = np.ma.filled(np.ma.asarray(found["correct"]).astype(np.int8), -1)
    return Answers(
        class_names=class_names,
        prediction=found["prediction"],
        confidence=np.ma.filled(found["confidence"], np.nan),
        correct=correct,
        logits=seen.logits,
        features=next(iter(seen.features.values()), None),
    )


def figures(found: Answers, base: Answers | None = None) -> Figures:
    """How good it is, and, given a base's answers for the same samples, how far from those.

    Accuracy and ECE (15 bins of equal width) are over the samples whose class the network knows; agreement, changes
    and logits over all, and only between networks of the same classes.
    """
    judged = found.correct >= 0
    accuracy = float(found.correct[judged].mean()) if judged.any() else None
    usable = judged & ~np.isnan(found.confidence)
    bins = binned(found.confidence[usable].astype(np.float64), found.correct[usable])
    remarks = [] if judged.any() else ["No sample's class is known to it, so there is no accuracy."]
    own = Figures(len(found), accuracy, _number(expected_calibration_error(bins)), remarks=tuple(remarks))
    return own if base is None else _compared(own, found, base)


def _compared(own: Figures, found: Answers, base: Answers) -> Figures:
    remarks, likeness = list(own.remarks), None
    if found.features is None or base.features is None:
        remarks.append("One of them has neither a linear head nor a layer with a map: no last features to compare.")
    else:
        likeness = _number(cka(found.features, base.features))
        if likeness is None:
            remarks.append("CKA is not defined here: it takes four samples, and features that vary.")
    if found.class_names != base.class_names:
        remarks.append("Their classes are not the same, so predictions and logits are not compared.")
        return Figures(own.samples, own.accuracy, own.ece, cka=likeness, remarks=tuple(remarks))
    changed = int(np.count_nonzero(found.prediction != base.prediction))
    agreement = 1 - changed / len(found) if len(found) else None
    delta = _number(_mean_difference(found.logits, base.logits))
    return Figures(own.samples, own.accuracy, own.ece, agreement, likeness, delta, changed, tuple(remarks))


def _mean_difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean of |one - other|, both (N, L), summed in float64; nan where there is nothing."""
    if one.size == 0:
        return math.nan
    with np.errstate(invalid="ignore"):  # infinite logits of a broken network
        total = sum(
            float(np.abs(a.astype(np.float64) - b).sum()) for a, b in zip(_parts(one), _parts(other), strict=True)
        )
    return total / one.size


def _parts(values: np.ndarray) -> Iterator[np.ndarray]:
    return (values[start : start + _ROWS] for start in range(0, len(values), _ROWS))


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
