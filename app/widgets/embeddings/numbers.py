"""What is known of every sample of a dataset, as arrays by its place: labels, answers of a pass, the dataset's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from analysis.records import NUMBERS, UNLABELLED, DatasetRecord, Filter, PassRecord
from app import resources
from app.recent import Recent

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


def _filled(size: int, places: np.ndarray, column: Any, empty: float, kind: type) -> np.ndarray:
    """Null where there is no value -> `empty`, each at its sample's place."""
    import pyarrow as pa

    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values = column.combine_chunks().to_numpy(zero_copy_only=False).astype(np.float64)
    found = np.full(size, empty, np.float64)
    found[places] = np.where(np.isnan(values), empty, values)
    return found.astype(kind)
