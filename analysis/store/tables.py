"""Samples as an Arrow table, for files that others read: names beside numbers, null where there is nothing."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from analysis.records import NUMBERS
from analysis.store import filters
from analysis.store.filters import Plan, Source

_IMAGE = """SELECT sample, name, label, condition, width_px, height_px FROM sample
            WHERE dataset_key = ? ORDER BY sample"""
_RESULT = f"""SELECT sample, prediction, {", ".join(NUMBERS)}, correct FROM sample_result
              WHERE pass_key = ? ORDER BY sample"""  # noqa: S608  names of ours


def table(db: DuckDBPyConnection, plan: Plan, limit: int | None) -> pa.Table:
    """A row a sample: sample, name, condition, width_px, height_px, label, truth; with a pass also predicted_class,
    prediction, confidence, correct, loss, angle, length, margin; with a second one other_class, other_prediction.

    label, predicted_class and other_class are numbers of classes (the dataset's, each classifier's), truth,
    prediction and other_prediction their names.
    """
    wanted = filters.chosen(db, plan)
    if limit is not None:
        wanted[np.flatnonzero(wanted)[limit:]] = False
    image = _chosen(db, _IMAGE, plan.key, wanted)
    label = pa.array(image["label"].to_numpy(), mask=image["label"].to_numpy() < 0)
    columns = {name: image[name] for name in ("sample", "name", "condition", "width_px", "height_px")}
    columns |= {"label": label, "truth": _names(label, plan.dataset.class_names)}
    if plan.first:
        result = _chosen(db, _RESULT, plan.first.key, wanted)
        columns |= _said(result, plan.first, "predicted_class", "prediction")
        columns |= {name: result[name] for name in ("confidence", "correct", "loss", "angle", "length", "margin")}
    if plan.other:
        result = _chosen(db, _RESULT, plan.other.key, wanted)
        columns |= _said(result, plan.other, "other_class", "other_prediction")
    return pa.table(columns)


def _chosen(db: DuckDBPyConnection, query: str, key: int, wanted: np.ndarray) -> pa.Table:
    found = db.sql(query, params=[key]).to_arrow_table()
    return found.filter(pa.array(wanted[found["sample"].to_numpy()]))


def _said(result: pa.Table, source: Source, number: str, name: str) -> dict[str, pa.ChunkedArray]:
    return {number: result["prediction"], name: _names(result["prediction"], source.record.class_names)}


def _names(classes: pa.Array | pa.ChunkedArray, names: Sequence[str]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(names, pa.string())]).take(classes)
