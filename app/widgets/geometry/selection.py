"""The line that says which samples are selected, and what can be done with them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis.records import DatasetRecord, PassRecord
from app import linked
from app.boundary import guarded, plain
from app.geometry_choice import PAGE, Choice, Subject
from app.widgets import elsewhere, keeping
from app.widgets.geometry import picked


def current(choice: Choice, dataset: DatasetRecord) -> tuple[np.ndarray | None, str]:
    """The samples that are selected, ascending int32 (None: all), and how; UnknownSelection for a strange address."""
    if choice.selection:
        return linked.kept(dataset.dataset_id, choice.selection)
    return linked.held(dataset.dataset_id)


def section(subject: Subject) -> None:
    """Always there: all samples, or those that are selected."""
    selected, size = subject.selected, subject.dataset.size
    with st.container(horizontal=True, vertical_alignment="center", key="geometry-line-selection"):
        if selected is None:
            st.markdown(f":material/select_all: **All {size:,} samples**", width="content")
            st.caption("A click on a class or on a cell of a matrix selects its samples.", width="content")
        else:
            count = f":primary-badge[{len(selected):,} of {size:,} selected]"
            st.markdown(f"{count} {plain(subject.words)}", width="content")
            st.button("Clear", icon=":material/close:", key="geometry.clear", on_click=guarded(picked.clear))
            if len(selected) and not subject.choice.selection:
                keeping.save("geometry", subject.dataset, selected, subject.words, _use, "what collapses late")
        keeping.saved("geometry", subject.dataset, _use)
        if selected is not None:
            elsewhere.links("geometry", subject.dataset, subject.choice.selection, _record(subject))
            st.caption("Measures stay those of all samples.", width="content")


def _use(selection_id: str) -> None:
    linked.use(selection_id)
    PAGE.change(selection=selection_id)


def _record(subject: Subject) -> PassRecord | None:
    """Of the first model that was run."""
    return next((network.record for network in subject.networks if network.record), None)
