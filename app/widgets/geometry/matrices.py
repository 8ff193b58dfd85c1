"""Matrices of classes: which there are, how they are drawn, the pairs that stand out, and what a click selects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from analysis.store import digest
from app.boundary import guarded, plain
from app.figures.geometry_matrix import CLICKED, PAINTED, Ramp, Scale, bounds, heat
from app.geometry_choice import Subject
from app.widgets.embeddings import explore
from app.widgets.geometry import class_order
from app.widgets.geometry.picked import select, turned
from app.widgets.geometry.spot import Spot, explained, of_classes

PAIRS = 200
NAME_PX = 118


@dataclass(frozen=True, slots=True)
class Kind:
    """A matrix of classes: whose array it is, and what of it stands out."""

    label: str
    brief: str  # of one number, in a heading
    measure: str
    array: str
    ramp: Ramp
    most: bool  # whether the largest stand out, else the smallest
    symmetric: bool = True
    digits: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class Square:
    """The classes on show, in their order, and their numbers; nothing on the diagonal."""

    kind: Kind
    classes: np.ndarray  # (K,)
    values: np.ndarray  # (K, K)


KINDS = {
    "weights": Kind("Cosines of class weights", "cosine", "weight_angles", "cosines", "signed", True),
    "means": Kind("Cosines of class means", "cosine", "class_mean_angles", "cosines", "signed", True),
    "margins": Kind("Margins between classes", "margin", "pair_margins", "margins", "falling", False, False),
    "overlaps": Kind("Overlap of classes", "overlap", "davies_bouldin", "overlaps", "rising", True),
}


def square(subject: Subject, spot: Spot, kind: Kind) -> Square | None:
    """None where it was not measured, or is not defined."""
    arrays = spot.arrays(kind.measure)
    if kind.array not in arrays:
        return None
    return squared(subject, spot, kind, np.asarray(arrays["classes"]), np.asarray(arrays[kind.array], np.float64))


def squared(subject: Subject, spot: Spot, kind: Kind, classes: np.ndarray, values: np.ndarray) -> Square:
    """values (K, K), or (K, L) of all classes."""
    known = class_order.shown(subject, spot, classes)
    rows = np.searchsorted(classes, known)
    columns = rows if values.shape[1] == len(classes) else known
    found = values[np.ix_(rows, columns)].copy()
    np.fill_diagonal(found, np.nan)
    return Square(kind, known, found)


def drawn(
    subject: Subject,
    spot: Spot,
    found: Square,
    key: str,
    *,
    span: tuple[float, float] | None = None,
    height: int = 380,
    words: tuple[str, str] = ("", ""),
) -> None:
    """The heat map; a click on a cell selects the samples that it is about."""
    kind, names = found.kind, [spot.names[c] for c in found.classes]
    low, high = span or bounds(found.values, kind.ramp, clipped=len(names) > PAINTED)
    figure = heat(
        found.values, names, names, Scale(kind.ramp, low, high, kind.brief, kind.digits),
        codes=(found.classes.tolist(), found.classes.tolist()), height=height,
        dark=st.context.theme.type == "dark", words=words,
    )  # fmt: skip
    if len(names) > CLICKED or spot.of_weights:
        st.plotly_chart(figure, key=key, config={"displayModeBar": False, "scrollZoom": True})
        return
    explore.clickable(figure, turned(key), lambda cell: pair(subject, spot, kind, int(cell[0]), int(cell[1]), key))


def pair(subject: Subject, spot: Spot, kind: Kind, row: int, column: int, key: str) -> None:
    """Select what a cell is about: samples of both classes; of margins, those of the row. In a callback of `key`."""
    known = of_classes(subject, spot)
    if row == column or not kind.symmetric:
        select(subject, np.flatnonzero(known.own == row), f"class {spot.names[row]}", key)
        return
    both = np.flatnonzero((known.own == row) | (known.own == column))
    select(subject, both, f"classes {spot.names[row]} and {spot.names[column]}", key)


def extremes(found: Square, most: int = PAIRS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) row classes, column classes and values: the pairs that stand out, the first the most."""
    values = found.values
    if found.kind.symmetric:
        values = np.where(np.tri(len(values), dtype=bool), np.nan, values)
    flat = np.where(np.isfinite(values), -values if found.kind.most else values, np.inf).ravel()
    count = min(most, int(np.isfinite(flat).sum()))
    first = np.argpartition(flat, count - 1)[:count] if 0 < count < flat.size else np.arange(flat.size)[:count]
    first = first[np.lexsort((first, flat[first]))]
    rows, columns = np.unravel_index(first, values.shape)
    return found.classes[rows], found.classes[columns], values[rows, columns]


def listed(subject: Subject, spot: Spot, found: Square, key: str, height: int = 380) -> None:
    """The pairs that stand out as a list; a click selects their samples, where the dataset has some."""
    rows, columns, values = extremes(found)
    if not len(rows):
        st.caption("It takes two classes.")
        return
    number = st.column_config.NumberColumn
    table: dict[str, Any] = {
        "Class": [spot.names[c] for c in rows],
        "and" if found.kind.symmetric else "taken for": [spot.names[c] for c in columns],
        found.kind.brief: values,
    }
    configured: dict[str, Any] = {name: st.column_config.TextColumn(width=NAME_PX) for name in list(table)[:2]}
    configured |= {found.kind.brief: number(format=f"%.{max(found.kind.digits, 3)}f", width=62)}
    known = of_classes(subject, spot)
    if len(known.own) and not spot.network.foreign:
        table["mixed up"] = mixed(known.own, known.answers, rows, columns, found.kind.symmetric)
        configured["mixed up"] = number(
            format="localized", width=58,
            help="Samples of one that the network takes for the other" if found.kind.symmetric else
            "Samples of the first that the network takes for the second",
        )  # fmt: skip
    key = f"{key}.{digest(first=rows[:20].tolist(), second=columns[:20].tolist())[:8]}"
    own = turned(key)

    @guarded
    def picked() -> None:
        cells = explore.selected(own).get("cells") or []
        if cells and 0 <= int(cells[0][0]) < len(rows):
            at = int(cells[0][0])
            pair(subject, spot, found.kind, int(rows[at]), int(columns[at]), key)

    st.dataframe(
        table, hide_index=True, height=min(40 + 30 * len(rows), height), key=own, row_height=30,
        on_select="ignore" if spot.of_weights else picked, selection_mode="single-cell", column_config=configured,
    )  # fmt: skip


def mixed(own: np.ndarray, answers: np.ndarray, rows: np.ndarray, columns: np.ndarray, both: bool) -> np.ndarray:
    """(n,) samples of each pair's first class that are taken for its second; both: and the other way round."""
    there = (own >= 0) & (answers >= 0) & (own != answers)
    count = 1 + max((int(a.max(initial=0)) for a in (own, answers, rows, columns)), default=0)
    codes, counts = np.unique(own[there] * count + answers[there], return_counts=True)

    def of(keys: np.ndarray) -> np.ndarray:
        at = np.minimum(np.searchsorted(codes, keys), max(len(codes) - 1, 0))
        return np.where(codes[at] == keys, counts[at], 0) if len(codes) else np.zeros(len(keys), np.int64)

    found = of(rows * count + columns)
    return found + of(columns * count + rows) if both else found


def noted(spot: Spot, found: Square, more: str = "") -> None:
    """Below a matrix: how many classes, of how many samples, and by which convention."""
    number = spot.numbers[found.kind.measure]
    of = f"n = {number.samples:,} samples" if number.samples else "of the weights alone"
    whose = "the network's " if spot.of_weights else ""
    said = f"{len(found.classes):,} of {whose}{len(spot.names):,} classes · {of}" + (f" · {more}" if more else "")
    if len(found.classes) > PAINTED:
        said += " · 5 % lie beyond the colours' ends · drag to zoom; pick classes above to read cells"
    st.caption(plain(said), help=explained(found.kind.measure, number))
