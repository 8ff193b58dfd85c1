"""Confusion matrices with free axes: the truth and a model, or two models."""

from dataclasses import dataclass

import numpy as np
from duckdb import DuckDBPyConnection

from analysis.errors import BadParameter
from analysis.records import TRUTH, Confusion, Filter
from analysis.store import filters, scans
from analysis.store.access import Access
from analysis.store.filters import Plan, Source

_DENSE = 4_000_000  # cells; above this they are sorted instead


@dataclass(frozen=True, slots=True)
class Axis:
    """What one side says of each sample, and which of its classes are which of the other side's."""

    values: np.ndarray  # (size,) int32 classes, -1 where it says nothing
    names: tuple[str, ...]
    source: Source | None  # None: the truth


class Confusions:
    """How often one axis says this and the other that."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def confusion(self, given: Filter, rows: str, columns: str, most: int = 30) -> Confusion:
        """rows, columns: TRUTH or a pass's id. Over the samples of the filter for which both say something.

        Classes that are the same on both sides come first and have the same place, so that the diagonal is
        agreement. Where there are more than `most`, those with the most disagreement stay, then the most
        frequent. A side with at most that many classes shows those without samples too.
        """
        if most < 1:
            raise BadParameter(f"A confusion matrix shows at least one class, got {most}.")
        with self._access.read() as db:
            plan = filters.planned(db, given)
            wanted = filters.chosen(db, plan)
            left, top = _axis(db, plan, rows), _axis(db, plan, columns)
        wanted &= (left.values >= 0) & (top.values >= 0)
        places = np.flatnonzero(wanted)  # taking by place is five times faster than by a mask
        row, column, count = _cells(left.values[places], top.values[places], len(left.names), len(top.names))
        left_ids, top_ids = _identities(left, top)
        shown = _shown(left_ids, top_ids, row, column, count, most)
        row_classes, column_classes = _placed(left_ids, top_ids, shown), _placed(top_ids, left_ids, shown)
        return Confusion(
            counts=_matrix(row, column, count, row_classes, column_classes),
            row_classes=row_classes,
            row_names=tuple(left.names[i] for i in row_classes),
            column_classes=column_classes,
            column_names=tuple(top.names[i] for i in column_classes),
        )


def _axis(db: DuckDBPyConnection, plan: Plan, asked: str) -> Axis:
    if asked == TRUTH:
        labels = scans.columns(db, "sample", plan.key, ["label"], plan.size)[0]
        return Axis(labels, plan.dataset.class_names, None)
    source = filters.source(db, asked, plan.dataset)
    return Axis(filters.predictions(db, plan, source), source.record.class_names, source)


def _cells(row: np.ndarray, column: np.ndarray, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cells that are not empty: their rows, columns and counts."""
    flat = row.astype(np.int64) * columns + column
    if rows * columns <= _DENSE:
        counts = np.bincount(flat)
        cells = np.flatnonzero(counts)
        counts = counts[cells]
    else:
        cells, counts = np.unique(flat, return_counts=True)
    return cells // max(columns, 1), cells % max(columns, 1), counts


def _identities(left: Axis, top: Axis) -> tuple[np.ndarray, np.ndarray]:
    """A number for each class of both sides, equal where they are the same class.

    The truth and a pass meet through the pass's class map, two passes by their classes' names.
    """
    if left.source is None and top.source is not None:
        return _through(left, top, top.source), np.arange(len(top.names))
    if top.source is None and left.source is not None:
        return np.arange(len(left.names)), _through(top, left, left.source)
    if left.names == top.names:
        return np.arange(len(left.names)), np.arange(len(top.names))
    numbers = {name: i for i, name in reversed([*enumerate(left.names)])}
    own = np.arange(len(left.names))
    return own, np.array([numbers.get(name, len(left.names) + i) for i, name in enumerate(top.names)], dtype=own.dtype)


def _through(truth: Axis, said: Axis, source: Source) -> np.ndarray:
    """The classes of the dataset as those of the classifier; those it does not know get numbers of their own."""
    mapped = source.record.class_map
    own = len(said.names)
    known = [mapped[i] if i < len(mapped) and mapped[i] >= 0 else own + i for i in range(len(truth.names))]
    return np.array(known, dtype=np.int64)


def _shown(
    left: np.ndarray, top: np.ndarray, row: np.ndarray, column: np.ndarray, count: np.ndarray, most: int
) -> np.ndarray:
    """The identities that are shown, in ascending order."""
    size = int(max(left.max(initial=-1), top.max(initial=-1))) + 1
    total = np.bincount(left[row], count, size) + np.bincount(top[column], count, size)
    differ = left[row] != top[column]
    wrong = np.bincount(left[row][differ], count[differ], size) + np.bincount(top[column][differ], count[differ], size)
    wanted = total > 0
    for side in (left, top):
        if len(side) <= most:
            wanted[side] = True
    order = np.lexsort((np.arange(size), -total, -wrong))
    return np.sort(order[wanted[order]][:most])


def _placed(own: np.ndarray, others: np.ndarray, shown: np.ndarray) -> tuple[int, ...]:
    """The classes of one side that are shown: one for each class of both sides, in order, then the others."""
    first = np.zeros(len(own), bool)
    first[np.unique(own, return_index=True)[1]] = True
    paired = first & np.isin(own, others)
    order = np.lexsort((np.arange(len(own)), own, ~paired))
    return tuple(int(i) for i in order[np.isin(own[order], shown)])


def _matrix(
    row: np.ndarray, column: np.ndarray, count: np.ndarray, rows: tuple[int, ...], columns: tuple[int, ...]
) -> np.ndarray:
    """(rows, columns) int64 of the cells whose classes are shown."""
    row_at = {c: i for i, c in enumerate(rows)}
    column_at = {c: i for i, c in enumerate(columns)}
    counts = np.zeros((len(rows), len(columns)), np.int64)
    for r, c, n in zip(row.tolist(), column.tolist(), count.tolist(), strict=True):
        if r in row_at and c in column_at:
            counts[row_at[r], column_at[c]] = n
    return counts
