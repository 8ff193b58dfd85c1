"""What the selected samples are taken for; a click on a cell selects its samples among them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis.store import digest
from app.boundary import plain
from app.embeddings_choice import Subject
from app.figures.confusion import confusion_matrix
from app.widgets.embeddings import explore
from app.widgets.embeddings.counts import by_name, confused, of_labels
from app.widgets.embeddings.numbers import told

KEY = "embeddings.confusion"
MOST = 20
"""Classes of a matrix in so narrow a column."""

SIDE = 430
LABEL = -1
"""The axis that is the dataset's own labels; any other is a pane."""


def section(subject: Subject) -> None:
    """The matrix of labels, or of one pane's answers, against another's."""
    panes = explore.panes_with(subject, lambda laid: laid.record)
    if not panes:
        st.info("No model's answers to these images are known.", icon=":material/model_training:")
        return
    axes = ({LABEL: "Label"} if subject.dataset.labelled else {}) | panes
    left, right = st.columns(2)
    rows = left.selectbox("Rows", axes, format_func=axes.__getitem__, key=f"{KEY}.rows.{digest(o=axes)[:8]}")
    others = {place: name for place, name in panes.items() if place != rows} or panes
    columns = right.selectbox(
        "Columns", others, format_func=others.__getitem__, key=f"{KEY}.columns.{digest(o=others)[:8]}"
    )
    if rows is None or columns is None:
        return
    up, across, names = codes(subject, int(rows), int(columns))
    about = subject.about
    found = confused(up[about], across[about], names, MOST)
    if not found.counts.size:
        st.info("No sample here has both.", icon=":material/info:")
        return
    words = (axes[rows], others[columns])
    figure = confusion_matrix(found, words, side=SIDE, dark=st.context.theme.type == "dark")
    explore.clickable(
        figure, f"{KEY}.matrix", lambda cell: _cell(subject, up, across, names, words, int(cell[0]), int(cell[1]))
    )
    few = f" The {len(found.row_names)} of {len(names):,} classes with the most errors." if len(names) > MOST else ""
    both = int(np.count_nonzero((up[about] >= 0) & (across[about] >= 0)))
    agree = int(np.count_nonzero((up[about] == across[about]) & (up[about] >= 0)))
    st.caption(f"{agree:,} of {both:,} samples agree. Click a cell to select its samples.{few}")


def codes(subject: Subject, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """(size,) classes of both axes, counted alike, -1 where there is none; and their names: the columns' model's."""
    record = subject.panes[columns].record
    assert record is not None
    across = told(subject.dataset, record).prediction.astype(np.int64)
    if rows == LABEL:
        up, names = of_labels(told(subject.dataset, None).labels, subject.dataset, record)
        return up, across, names
    other = subject.panes[rows].record
    assert other is not None
    up = told(subject.dataset, other).prediction.astype(np.int64)
    return by_name(up, other.class_names, record.class_names), across, record.class_names


def _cell(
    subject: Subject, up: np.ndarray, across: np.ndarray, names: tuple[str, ...], words: tuple[str, str], row: int,
    column: int,
) -> None:  # fmt: skip
    about = subject.about
    found = about[(up[about] == row) & (across[about] == column)]
    axes = [w.partition(": ")[2] or w for w in words]
    said = f"{axes[0]} {names[row]}, {axes[1]} {names[column]}"
    explore.select(subject, found, said if subject.selected is None else f"{said}, of {plain(subject.words)}")
