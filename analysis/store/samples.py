"""Samples of a dataset that a filter takes: how many, which, a page of them, all of them as a table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from duckdb import DuckDBPyConnection

from analysis.records import NUMBERS, Filter, Sample
from analysis.store import filters, ordering, scans
from analysis.store.access import Access
from analysis.store.filters import Plan, Source
from models.errors import UnknownName

if TYPE_CHECKING:  # slow to import
    import pyarrow

SORTS = ("sample", "name", "label", "prediction", *NUMBERS)
"""What a page of samples can be sorted by."""

_IMAGE = """SELECT sample, name, label, width_px, height_px, condition FROM sample
            WHERE dataset_key = ? AND sample IN (SELECT unnest(?::INTEGER[]))"""
_RESULT = """SELECT sample, prediction, correct, confidence, loss, angle, length, margin, top_classes, top_probabilities
             FROM sample_result WHERE pass_key = ? AND sample IN (SELECT unnest(?::INTEGER[]))"""
_OTHER = """SELECT sample, prediction FROM sample_result
            WHERE pass_key = ? AND sample IN (SELECT unnest(?::INTEGER[]))"""


class Samples:
    """Questions to the samples of a dataset and to what a pass said of them."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def count(self, given: Filter) -> int:
        with self._access.read() as db:
            plan = filters.planned(db, given)
            if plan.agree is None and len(plan.scans) == 1:
                return scans.count(db, plan.scans[0])
            return int(np.count_nonzero(filters.chosen(db, plan)))

    def ids(self, given: Filter) -> np.ndarray:
        """(n,) int32, ascending: their places in the dataset."""
        with self._access.read() as db:
            return filters.places(db, filters.planned(db, given)).astype(np.int32)

    def page(
        self, given: Filter, *, sort: str = "sample", descending: bool = False, limit: int = 60, offset: int = 0
    ) -> list[Sample]:
        """At most `limit` of them from the place `offset` on; sort: one of SORTS; ties by sample, without a value last.

        UnknownName for another sort, BadParameter where it needs a pass and the filter names none.
        """
        with self._access.read() as db:
            plan = filters.planned(db, given)
            places = filters.places(db, plan)
            stop = offset + max(limit, 0)
            if sort == "sample":
                wanted = (places[::-1] if descending else places)[offset:stop]
            else:
                keys = _keys(db, plan, sort)[places]
                wanted = ordering.page(places, keys, descending=descending, start=offset, stop=stop)
            return _details(db, plan, wanted.tolist())

    def table(self, given: Filter, limit: int | None = None) -> pyarrow.Table:
        """All that is known of them, by sample, for exports; see `analysis.store.tables`."""
        from analysis.store.tables import table

        with self._access.read() as db:
            return table(db, filters.planned(db, given), limit)

    def histogram(self, given: Filter, column: str, bins: int = 30) -> tuple[np.ndarray, np.ndarray]:
        """One of NUMBERS in bins of equal width: counts (bins,) int64, edges (bins + 1,), as numpy.histogram."""
        if column not in NUMBERS:
            raise UnknownName("number", column, NUMBERS)
        with self._access.read() as db:
            plan = filters.planned(db, given)
            values = _keys(db, plan, column)[filters.places(db, plan)]
        return np.histogram(values[np.isfinite(values)].astype(np.float64), bins)


def _keys(db: DuckDBPyConnection, plan: Plan, sort: str) -> np.ndarray:
    """(size,) what each sample is sorted by."""
    if sort not in SORTS:
        raise UnknownName("order of samples", sort, SORTS)
    if sort in ("name", "label"):
        column = "name_rank" if sort == "name" else "label"
        return scans.columns(db, "sample", plan.key, [column], plan.size)[0]
    source = plan.needed(f"Sorting by {sort}")
    return scans.columns(db, "sample_result", source.key, [sort], plan.size)[0]


def _details(db: DuckDBPyConnection, plan: Plan, places: list[int]) -> list[Sample]:
    rows = db.execute(_IMAGE, [plan.key, places]).fetchall() if places else []
    found = {row[0]: Sample(*row) for row in rows}
    for row in _rows(db, _RESULT, plan.first, places):
        sample, prediction, correct, *numbers, classes, probabilities = row
        found[sample] = replace(
            found[sample],
            prediction=prediction,
            correct=correct,
            **dict(zip(NUMBERS, numbers, strict=True)),
            top_classes=tuple(classes or ()),
            top_probabilities=tuple(probabilities or ()),
        )
    for sample, prediction in _rows(db, _OTHER, plan.other, places):
        found[sample] = replace(found[sample], other_prediction=prediction)
    return [found[place] for place in places]


def _rows(db: DuckDBPyConnection, query: str, source: Source | None, places: list[int]) -> list[tuple]:
    return db.execute(query, [source.key, places]).fetchall() if source and places else []
