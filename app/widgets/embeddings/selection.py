"""The line that says which samples are selected, and what can be done with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from analysis.records import DatasetRecord, Selection
from app import linked, resources
from app.boundary import guarded, plain
from app.embeddings_choice import PAGE, Choice, Laid, Subject
from app.widgets import elsewhere, keeping

Mode = str


def current(choice: Choice, dataset: DatasetRecord) -> tuple[np.ndarray | None, str]:
    """The samples that are selected, ascending int32 (None: all), and how; UnknownSelection for a strange address."""
    if choice.selection:
        return linked.kept(dataset.dataset_id, choice.selection)
    return linked.held(dataset.dataset_id)


def combined(before: np.ndarray | None, found: np.ndarray, mode: Mode) -> np.ndarray:
    """After a lasso: instead of what was selected, added to it, or taken out of it. Ascending int32."""
    if mode == "add" and before is not None:
        return np.union1d(before, found).astype(np.int32)
    if mode == "remove" and before is not None:
        return np.setdiff1d(before, found).astype(np.int32)
    return np.unique(found).astype(np.int32)


def taken(subject: Subject, found: np.ndarray, mode: Mode, words: str) -> None:
    """Select what a lasso found, in a callback; of nothing selected, 'remove' takes out of all that is shown."""
    every = subject.about if subject.selected is None and mode == "remove" else subject.selected
    result = combined(every, found, mode)
    if mode == "replace" and not len(result):
        linked.drop()
    else:
        linked.hold(subject.dataset.dataset_id, result, words)


def section(subject: Subject) -> None:
    """Always there: all samples, or those that are selected."""
    selected, size = subject.selected, subject.dataset.size
    with st.container(horizontal=True, vertical_alignment="center", key="embeddings-line-selection"):
        if selected is None:
            st.markdown(f":material/select_all: **All {size:,} samples**{_drawn(subject)}", width="content")
            st.caption("Draw a lasso or a box in any pane, with Shift to add, with Alt to take out.", width="content")
        else:
            count = f":primary-badge[{len(selected):,} of {size:,} selected]"
            st.markdown(f"{count} {plain(subject.words)}{_drawn(subject)}", width="content")
            st.button("Clear", icon=":material/close:", key="embeddings.clear", on_click=guarded(linked.drop))
            if len(selected) and not subject.choice.selection:
                keeping.save("embeddings", subject.dataset, selected, subject.words, _use, "the mislabelled island")
        keeping.saved("embeddings", subject.dataset, _use)
        if selected is not None:
            elsewhere.links("embeddings", subject.dataset, subject.choice.selection, subject.record)
        st.space("stretch")
        if (said := moved(subject.panes)) is not None:
            st.caption(
                said, width="content",
                help="The median over samples of the way between their two places, after turning the later picture "
                "onto the first; 1 is the first picture's radius.",
            )  # fmt: skip


def _drawn(subject: Subject) -> str:
    """How many the filters leave."""
    if subject.shown is None:
        return ""
    shown = int(subject.shown.sum())
    return f", {shown:,} shown" if subject.selected is None else f", {len(subject.about):,} of them shown"


def moved(panes: Sequence[Laid]) -> str | None:
    """How far samples are from their places in the first pane, in the middle; of pictures by the same method."""
    words = []
    for place, laid in enumerate(panes[1:], start=2):
        same = laid.pane.method == panes[0].pane.method
        if same and laid.moved is not None and np.isfinite(laid.moved).any():
            words.append(f"{np.nanmedian(laid.moved):.2f} to pane {place}")
    return "Samples move from pane 1: " + ", ".join(words) if words else None


def _use(selection_id: str) -> None:
    linked.use(selection_id)
    PAGE.change(selection=selection_id)


def saved(dataset: DatasetRecord) -> list[Selection]:
    """The selections of this dataset."""
    return resources.store().selections(dataset.dataset_id)
