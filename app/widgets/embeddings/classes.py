"""Which classes the selected samples are of, against all samples; a click selects a class."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from analysis.records import PassRecord
from analysis.store import digest
from app.boundary import guarded
from app.embeddings_choice import Subject
from app.widgets.embeddings import explore
from app.widgets.embeddings.counts import Shares, by_class
from app.widgets.embeddings.numbers import told

KEY = "embeddings.classes"
MANY = 20
"""Of more classes than these, one can be searched for."""

BY = {"label": "By label", "prediction": "By prediction"}


def section(subject: Subject) -> None:
    """A row a class, those most over-represented first."""
    by = _by(subject)
    known, record = told(subject.dataset, subject.record), subject.record
    codes, names = (known.labels, subject.dataset.class_names) if by == "label" else _said(subject, record)
    if not len(names):
        st.info("There are neither labels nor predictions of these images.", icon=":material/label_off:")
        return
    found = by_class(np.asarray(codes, np.int64), known.correct, subject.about)
    kept = _searched([names[c] for c in found.classes], len(names))
    if not len(kept):
        st.info("No class is called so.", icon=":material/search_off:")
        return
    key = f"{KEY}.table.{digest(by=by, classes=found.classes[kept].tolist(), some=found.some.tolist())[:8]}"
    st.dataframe(
        _table(found, kept, names), hide_index=True, height=min(40 + 32 * len(kept), 424), key=key,
        on_select=guarded(lambda: _picked(subject, key, found.classes[kept], codes, names, by)),
        selection_mode="single-cell", column_config=_columns(), row_height=32,
    )  # fmt: skip
    here = f"the {len(subject.about):,} selected" if subject.selected is not None else "those on show"
    st.caption(
        f"Lift: how many times more frequent a class is among {here} than among all {subject.dataset.size:,}. "
        "Click a row to select all images of its class; click a head to sort."
    )


def _by(subject: Subject) -> str:
    offered = [b for b, there in (("label", subject.dataset.labelled), ("prediction", subject.record)) if there]
    if len(offered) < 2:
        return next(iter(offered), "label")
    found = st.segmented_control(
        "By", offered, default="label", format_func=BY.__getitem__, key=f"{KEY}.by", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    return found or "label"


def _said(subject: Subject, record: PassRecord | None) -> tuple[np.ndarray, tuple[str, ...]]:
    if record is None:
        return np.full(subject.dataset.size, -1), ()
    return told(subject.dataset, record).prediction, record.class_names


def _searched(names: list[str], classes: int) -> np.ndarray:
    """The rows whose class's name has the searched part."""
    if classes <= MANY:
        return np.arange(len(names))
    part = st.text_input(
        "Find a class", key=f"{KEY}.find", placeholder=f"Find one of {len(names):,} classes", max_chars=60,
        label_visibility="collapsed",
    ).strip().casefold()  # fmt: skip
    return np.array([i for i, name in enumerate(names) if part in name.casefold()], np.int64)


def _table(found: Shares, kept: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    rows = {
        "Class": [names[c] for c in found.classes[kept]],
        "Here": found.some[kept],
        "Share": 100 * found.share[kept],
        "Lift": found.lift[kept],
        "Of all": found.all[kept],
    }
    if np.isfinite(found.right_all).any():
        rows |= {"Right": 100 * found.right[kept], "Of all right": 100 * found.right_all[kept]}
    return rows


def _columns() -> dict[str, Any]:
    number, bar = st.column_config.NumberColumn, st.column_config.ProgressColumn
    return {
        "Class": st.column_config.TextColumn(width=76),
        "Here": number(format="localized", help="Of those that are selected and pass the filters", width=46),
        "Share": bar(format="%.1f %%", min_value=0, max_value=100, width=76),
        "Lift": number(format="%.2f ×", help="Share here over share among all", width=54),
        "Of all": number(format="localized", help="Images of the class in the dataset", width=50),
        "Right": number(format="%.1f %%", help="Of those here, how many the first pane's model has right", width=58),
        "Of all right": number(format="%.1f %%", help="Of all of the class", width=74),
    }


def _picked(
    subject: Subject, key: str, classes: np.ndarray, codes: np.ndarray, names: tuple[str, ...], by: str
) -> None:
    cells = explore.selected(key).get("cells") or []
    if not cells or not 0 <= int(cells[0][0]) < len(classes):
        return
    code = int(classes[int(cells[0][0])])
    words = f"{'labelled' if by == 'label' else 'predicted'} {names[code]}"
    explore.select(subject, np.flatnonzero(codes == code), words)
