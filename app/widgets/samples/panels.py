"""What stands beside the gallery: confusion matrix, calibration, classes. A click on any of them filters it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from analysis.records import TRUTH, ClassScore, PassRecord
from app import resources
from app.boundary import guarded, plain
from app.figures.confusion import confusion_matrix
from app.figures.reliability import reliability_diagram
from app.figures.tiles import percent
from app.samples_choice import Choice, Subject
from app.widgets.samples import PAGE

MOST = 30
"""Classes of a confusion matrix."""

BINS = 15
FIELDS = {TRUTH: "labels", "a": "predictions", "b": "other_predictions"}
_CONFIG = {"displayModeBar": False}


def confusion(subject: Subject) -> Choice:
    """The matrix with its axes; the choice that its widgets show."""
    choice = subject.choice
    names = {TRUTH: "Label", "a": subject.a.model_name if subject.a else ""}
    if subject.b:
        names["b"] = subject.b.model_name
        if subject.b.model_name == names["a"]:
            names |= {"a": f"{names['a']} (A)", "b": f"{names['b']} (B)"}
    rows, columns = (
        axis if axis in names else default for axis, default in ((choice.rows, TRUTH), (choice.columns, "a"))
    )
    left, middle, right = st.columns([3, 3, 2], vertical_alignment="bottom")
    rows = left.selectbox("Rows", names, key=PAGE.seed("rows", rows, names), format_func=names.__getitem__) or TRUTH
    columns = (
        middle.selectbox("Columns", names, key=PAGE.seed("columns", columns, names), format_func=names.__getitem__)
        or "a"
    )
    shares = right.toggle("Row per cent", key=PAGE.seed("shares", choice.shares))
    now = replace(choice, rows=rows, columns=columns, shares=shares)
    ids = {TRUTH: TRUTH, "a": subject.a.pass_id if subject.a else TRUTH, "b": subject.b.pass_id if subject.b else TRUTH}
    asked = replace(subject.filter, **{FIELDS[axis]: () for axis in (rows, columns)})
    found = resources.store().confusion(asked, ids[rows], ids[columns], MOST)
    cell = tuple(_only(getattr(choice, FIELDS[axis])) for axis in (rows, columns))
    figure = confusion_matrix(
        found,
        (names[rows], names[columns]),
        shares=shares,
        chosen=(cell[0], cell[1]),
        dark=st.context.theme.type == "dark",
    )
    if not found.counts.size:
        st.info("No sample that passes the filters has both.", icon=":material/info:")
        return now
    _clickable(figure, "samples.confusion", lambda cell: _cell(rows, columns, int(cell[0]), int(cell[1])))
    total = max(len(_axis_names(subject, axis)) for axis in (rows, columns))
    most = f" The {len(found.row_names)} of {total:,} classes with the most errors." if total > MOST else ""
    st.caption(
        "Green where both say the same, red where they differ; each on a scale of its own. Click a cell to see its "
        f"images.{most} The filters on these two axes only mark a cell; all others count."
    )
    return now


def _axis_names(subject: Subject, axis: str) -> tuple[str, ...]:
    records = {TRUTH: subject.dataset, "a": subject.a, "b": subject.b}
    record = records[axis]
    return record.class_names if record else ()


def _only(classes: tuple[int, ...]) -> int | None:
    return classes[0] if len(classes) == 1 else None


def _cell(rows: str, columns: str, row: int, column: int) -> None:
    """A cell was clicked: show its samples."""
    if rows != columns:
        PAGE.change(**{FIELDS[rows]: (row,), FIELDS[columns]: (column,)}, page=1, sample=None)


def calibration(subject: Subject) -> None:
    """The reliability diagram with its one number."""
    from analysis.store import expected_calibration_error

    if subject.a is None:
        return
    asked = replace(subject.filter, correct=None, ranges=_others(subject.choice))
    bins = resources.store().reliability(asked, BINS)
    judged = sum(b.samples for b in bins)
    if not judged:
        st.info("No sample that passes the filters has a label that the model knows.", icon=":material/info:")
        return
    error = expected_calibration_error(bins)
    mean = {
        n: math.fsum(getattr(b, n) * b.samples for b in bins if b.samples) / judged for n in ("confidence", "accuracy")
    }
    sure = "over-confident" if mean["confidence"] > mean["accuracy"] else "under-confident"
    left, middle, right = st.columns(3)
    left.metric("Expected calibration error", percent(error, 2))
    middle.metric("Mean confidence", percent(mean["confidence"], 2))
    right.metric("Accuracy", percent(mean["accuracy"], 2))
    _clickable(reliability_diagram(bins, 440), "samples.calibration", _bin)
    st.caption(
        f"{plain(subject.a.model_name)} on {judged:,} images in {BINS} bins of equal width; the error is the mean gap "
        f"between confidence and accuracy, each bin weighted by its images. On the whole {sure}. Bins under 20 images "
        "are faint. Click a bar to see its images. The filters on outcome and confidence do not count; all others do."
    )


def _others(choice: Choice) -> tuple:
    return tuple(span for span in choice.ranges if span[0] != "confidence")


def _bin(ends: list[float]) -> None:
    """A bar was clicked: show the samples of its confidence."""
    choice = PAGE.current()
    low, high = (round(float(end), 4) for end in ends[:2])
    span = ("confidence", low if low > 0 else None, high if high < 1 else None)
    PAGE.change(ranges=(*_others(choice), span), page=1, sample=None)


def classes(subject: Subject) -> None:
    """Each class of the model in a row that can be clicked."""
    a = subject.a
    if a is None:
        return
    asked = replace(subject.filter, labels=(), predictions=(), correct=None)
    found = [s for s in resources.store().class_scores(asked) if s.samples or s.predicted]
    st.dataframe(
        _table(found), hide_index=True, height=min(38 + 35 * len(found), 560), key="samples.classes",
        on_select=_picked(found, a), selection_mode="single-row", column_config=_columns(),
    )  # fmt: skip
    st.caption(
        "Recall: of the images of a class, how many are called so. Precision: of those called so, how many are of it. "
        "Click a column's head to sort, the box before a row to see its images. The filters on classes and outcome "
        "do not count here; all others do."
    )


def _table(found: list[ClassScore]) -> dict[str, list]:
    def share(value: float) -> float | None:
        return 100 * value if math.isfinite(value) else None

    return {
        "Class": [s.name for s in found],
        "Images": [s.samples for s in found],
        "Recall": [share(s.recall) for s in found],
        "Precision": [share(s.precision) for s in found],
        "Confidence": [share(s.confidence) for s in found],
        "Taken for": [s.most_confused for s in found],
        "Predicted": [s.predicted for s in found],
    }


def _columns() -> dict[str, Any]:
    number, bar = st.column_config.NumberColumn, st.column_config.ProgressColumn
    return {
        "Class": st.column_config.TextColumn(width=96),
        "Images": number(format="localized"),
        "Taken for": st.column_config.TextColumn(help="The class it is most often confused with", width=84),
        "Predicted": number(format="localized", help="How often the model says so"),
        "Recall": bar(format="%.1f %%", min_value=0, max_value=100, width=104),
        "Precision": bar(format="%.1f %%", min_value=0, max_value=100, width=104),
        "Confidence": number(format="%.1f %%", help="Mean over the images of the class"),
    }


def _picked(found: list[ClassScore], a: PassRecord) -> Callable[[], None]:
    @guarded
    def picked() -> None:
        rows = _selected("samples.classes").get("rows") or []
        if rows and rows[0] < len(found):
            labels = tuple(i for i, c in enumerate(a.class_map) if c == found[rows[0]].index)
            PAGE.change(labels=labels, predictions=(), page=1, sample=None)
        elif not rows:
            PAGE.change(labels=(), page=1, sample=None)

    return picked


def _clickable(figure: Any, key: str, on_click: Callable[[list], None]) -> None:
    """A figure whose points tell what they stand for. The selection's home is the choice, not the chart."""

    @guarded
    def clicked() -> None:
        points = _selected(key).get("points") or []
        if points and points[0].get("customdata") is not None:
            on_click(list(points[0]["customdata"]))

    st.plotly_chart(figure, key=key, on_select=clicked, selection_mode="points", config=_CONFIG)


def _selected(key: str) -> Mapping[str, Any]:
    return (st.session_state.get(key) or {}).get("selection") or {}
