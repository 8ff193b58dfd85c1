"""Features of a pass as measures take them, and what the measures say of one tap."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.errors import DataError
from analysis.measurements import Measurement
from analysis.passes.features import feature_path
from analysis.passes.zeros import zeros_of
from analysis.pipelines.geometry_asking import PENULTIMATE, measures_of
from analysis.pipelines.geometry_classes import foreign, labels_of
from analysis.pipelines.predict import PASSES
from analysis.records import Images, PassRecord
from analysis.types import Report, silent

if TYPE_CHECKING:
    from analysis.geometry.features import Features
    from analysis.geometry.registry import Measure, Measured
    from analysis.passes.conditions import Condition
    from models.classifier import Head
    from models.preprocessing import Preprocessing

NO_MAPS = (PENULTIMATE, "logits")
"""Taps that give vectors in any network."""

DRAWN, SIDE = 1000, 64
"""Images that features are set beside, as many as are drawn for an estimate of dimension; and their pixels a side."""

Found = list[tuple["Measured", "Measure", float]]
"""What each measure says, and the seconds that it took."""


def features_of(
    workspace: Path,
    record: PassRecord,
    tap: str,
    dataset: Images,
    head: Head | None,
    predictions: np.ndarray | None = None,
) -> Features:
    """What a pass kept at a tap, with its labels, and the classifier's head where the tap is its input.

    Labels are the classifier's classes; the dataset's own, without names, where the classifier names none of them.
    predictions: the pass's own, where they are read already. DataError where the features are gone.
    """
    from analysis.geometry.features import Features
    from analysis.geometry.sparsity import MapZeros

    values, counted = values_of(workspace, record, tap), zeros_of(workspace / PASSES / record.pass_id, tap)
    labels, other_classes = labels_of(record, dataset.labels), foreign(record)
    if len(values) != len(labels):
        raise DataError(f"There are features of {len(values):,} samples at {tap}, and the dataset has {len(labels):,}.")
    weight, bias = _weights(head) if tap == PENULTIMATE and head is not None else (None, None)
    return Features(
        values,
        labels,
        class_names=() if other_classes else record.class_names,
        weight=weight,
        bias=bias,
        predictions=predictions_of(workspace, record) if predictions is None else predictions,
        of_head=not other_classes,
        pooled=counted.cells > 1 if counted else tap not in NO_MAPS,
        map_zeros=MapZeros(*counted.shares) if counted and counted.cells > 1 else None,
    )


def values_of(workspace: Path, record: PassRecord, tap: str) -> np.ndarray:
    """(N, D) float32, mapped, not read. DataError where they are gone."""
    try:
        return np.load(feature_path(workspace / PASSES / record.pass_id, tap), mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(
            f"The features of {record.model_name} over '{record.dataset_name}' at {tap} are not in the workspace any "
            "more. Measure again: the model is run over the dataset for them."
        ) from error


def predictions_of(workspace: Path, record: PassRecord) -> np.ndarray | None:
    """(N,) int64 from the parts of a pass; None where they are not whole."""
    import pyarrow as pa
    from pyarrow import parquet

    found = np.full(record.samples, -1, np.int64)
    try:
        for path in sorted((workspace / PASSES / record.pass_id).glob("part-*.parquet")):
            table = parquet.read_table(path, columns=["sample", "prediction"])
            found[table["sample"].to_numpy()] = table["prediction"].to_numpy()
    except (OSError, pa.ArrowInvalid, IndexError):
        return None
    return found if len(found) and found.min() >= 0 else None


def measure_tap(features: Features, names: Sequence[str] = (), report: Report = silent) -> Found:
    """Those measures (of pairs left out), or all that are not slow, one after the other."""
    return [*measured_one_by_one(features, measures_of(names), report)]


def measure_beside(data: Features | None, features: Features, measures: Sequence[Measure]) -> Found:
    """What measures say of features beside the images that they are of; data: see `data_of`."""
    from analysis.geometry.registry import undefined

    found: Found = []
    for measure in measures:
        began = time.perf_counter()
        if data is None or features.left_out:
            why = "some features are not finite" if features.left_out else "the images are not here"
            found.append((undefined(why), measure, time.perf_counter() - began))
            continue
        found.append((measure.function(data, features), measure, time.perf_counter() - began))
    return found


def data_of(features: Features, dataset: Images, preprocessing: Preprocessing, condition: Condition) -> Features:
    """The images that `measure_beside` sets these features beside, as the network is given them: a drawn part.

    Of images of more than 64 pixels a side every second one is taken, or every third, and so on.
    """
    from analysis.geometry.features import Features
    from analysis.passes.stream import crop_of, prepared

    parts, rows = [], features.drawn(DRAWN)
    step = -(-max(preprocessing.size) // SIDE)
    for start in range(0, len(rows), 100):
        (pixels,) = prepared(dataset, rows[start : start + 100].tolist(), [crop_of(preprocessing)], condition)
        thin = pixels[:, ::step, ::step]
        parts.append(thin.reshape(len(thin), -1).astype(np.float32))
    return Features(np.concatenate(parts))


def measured_one_by_one(
    features: Features, measures: Sequence[Measure], report: Report = silent
) -> Iterator[tuple[Measured, Measure, float]]:
    """report is told before each, so that a long tap can be cancelled."""
    for number, measure in enumerate(measures):
        report(number / len(measures), measure.label)
        began = time.perf_counter()
        yield measure.function(features), measure, time.perf_counter() - began


def kept(
    found: Found, pass_id: str, tap: str, place: int
) -> tuple[list[Measurement], dict[tuple[str, ...], Mapping[str, np.ndarray]]]:
    """As the store takes it: numbers, and their arrays."""
    numbers = [measurement(one, measure, seconds, pass_id, tap, place) for one, measure, seconds in found]
    arrays: dict[tuple[str, ...], Mapping[str, np.ndarray]] = {
        (tap, m.name): {n: np.asarray(a) for n, a in one.arrays.items()} for one, m, _ in found if one.arrays
    }
    return numbers, arrays


def measurement(
    found: Measured, measure: Measure, seconds: float, pass_id: str, tap: str, place: int, **other: Any
) -> Measurement:
    """One number as it is kept. other: other_pass, other_tap of measures of two."""
    made = Measurement(
        pass_id=pass_id,
        tap=tap,
        place=place,
        measure=measure.name,
        params=measure.bound(),
        version=measure.version,
        value=float(found.value),
        samples=int(found.samples),
        low=float(found.low),
        high=float(found.high),
        interval=found.interval,
        why=found.why,
        caveats=tuple(found.caveats),
        seconds=seconds,
        computed_at=datetime.now(UTC),
        arrays=tuple(found.arrays),
    )
    return replace(made, **other)


def _weights(head: Head) -> tuple[np.ndarray, np.ndarray | None]:
    weight = head.weight.detach().cpu().double().numpy()
    return weight, None if head.bias is None else head.bias.detach().cpu().double().numpy()
