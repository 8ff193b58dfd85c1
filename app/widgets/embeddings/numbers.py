"""What is known of every sample of a dataset, as arrays by its place: labels, answers of a pass, the dataset's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from analysis.records import NUMBERS, UNLABELLED, DatasetRecord, Filter, PassRecord
from app import resources
from app.recent import Recent
from models.errors import CutawayError

FEW = 40
"""Whole numbers that are told apart by colours of their own; more of them are drawn as a ramp."""

KEPT = 8
"""Datasets, each with one pass, in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Of N samples. What a pass does not say is nan, or -1."""

    labels: np.ndarray  # (N,) int64, UNLABELLED where there is none
    prediction: np.ndarray  # (N,) int32, the classifier's classes
    correct: np.ndarray  # (N,) float32: 1, 0, nan where no truth is known
    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)  # of NUMBERS -> (N,) float32
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)  # the dataset's own -> (N,) numbers or texts


@st.cache_resource(show_spinner=False)
def _kept() -> Recent[tuple[str, str], Told]:
    return Recent(KEPT)


def told(dataset: DatasetRecord, record: PassRecord | None) -> Told:
    """Read once, then kept in memory."""
    return _kept().made((dataset.dataset_id, record.pass_id if record else ""), lambda: _read(dataset, record))


def _read(dataset: DatasetRecord, record: PassRecord | None) -> Told:
    table = resources.store().table(Filter(dataset.dataset_id, pass_id=record.pass_id if record else None))
    places = table["sample"].to_numpy()
    labels = _filled(dataset.size, places, table["label"], UNLABELLED, np.int64)
    columns = {n: _filled(dataset.size, places, table[n], np.nan, np.float32) for n in ("width_px", "height_px")}
    columns = {n: values for n, values in columns.items() if len(np.unique(values)) > 1}
    if dataset.conditions:
        texts = np.array([c or "clean" for c in table["condition"].to_pylist()])
        columns["condition"] = texts
    columns |= _own(dataset)
    if record is None:
        nothing = np.full(dataset.size, np.nan, np.float32)
        return Told(labels, np.full(dataset.size, -1, np.int32), nothing, {}, columns)
    numbers = {n: _filled(dataset.size, places, table[n], np.nan, np.float32) for n in NUMBERS}
    return Told(
        labels,
        _filled(dataset.size, places, table["predicted_class"], -1, np.int32),
        _filled(dataset.size, places, table["correct"], np.nan, np.float32),
        {n: values for n, values in numbers.items() if np.isfinite(values).any()},
        columns,
    )


def _own(dataset: DatasetRecord) -> dict[str, np.ndarray]:
    """What the dataset's source brought along: numbers, where there are more than a few of them, else texts."""
    try:
        images = resources.dataset(dataset.dataset_id)
        found = {name: images.column(name) for name in images.own_columns}
    except CutawayError:  # its files are gone: what the store knows can be shown without them
        return {}
    return {name: column for name, values in found.items() if len(np.unique(column := _column(values))) > 1}


def _column(values: Sequence[Any]) -> np.ndarray:
    kinds = {type(v) for v in values if v is not None}
    if kinds <= {int, float} and (float in kinds or len(set(values)) > FEW):
        return np.array([np.nan if v is None else v for v in values], np.float32)
    return np.array(["none" if v is None else str(v) for v in values])


def _filled(size: int, places: np.ndarray, column: Any, empty: float, kind: type) -> np.ndarray:
    """Null where there is no value -> `empty`, each at its sample's place."""
    import pyarrow as pa

    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values = column.combine_chunks().to_numpy(zero_copy_only=False).astype(np.float64)
    found = np.full(size, empty, np.float64)
    found[places] = np.where(np.isnan(values), empty, values)
    return found.astype(kind)
