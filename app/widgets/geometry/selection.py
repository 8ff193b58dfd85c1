"""The line that says which samples are selected, and what can be done with them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis.records import DatasetRecord, PassRecord
from app import linked, resources
from app.boundary import boundary, guarded, plain
from app.geometry_choice import PAGE, Choice, Subject
from app.widgets import elsewhere
from app.widgets.embeddings.selection import MOST_SAVED, saved
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
            _save(subject)
        _saved(subject)
        if selected is not None:
            elsewhere.links("geometry", subject.dataset, subject.choice.selection, _record(subject))
            st.caption("Measures stay those of all samples.", width="content")


def _save(subject: Subject) -> None:
    """A popover that keeps what is selected under a name."""
    if subject.choice.selection or subject.selected is None or not len(subject.selected):
        return
    box = st.popover("Save as selection", icon=":material/bookmark_add:", key="geometry.saving", on_change="rerun")
    if not box.open:
        return
    with box, st.form("geometry.save", border=False):
        name = st.text_input("Name", max_chars=64, placeholder="what collapses late")
        if st.form_submit_button(f"Save {len(subject.selected):,} samples", type="primary"):
            with boundary():
                if not name.strip():
                    st.warning("Give it a name.")
                    return
                made = f"{subject.words}, on the Geometry page"
                kept = resources.store().save_selection(
                    name.strip(), subject.selected, subject.dataset.dataset_id, made
                )
                _use(kept.selection_id)
                st.toast(f"Saved '{plain(kept.name)}': {kept.size:,} samples", icon=":material/bookmark_added:")
                st.rerun()


def _use(selection_id: str) -> None:
    linked.use(selection_id)
    PAGE.change(selection=selection_id)


def _saved(subject: Subject) -> None:
    """A popover with those of this dataset."""
    found = saved(subject.dataset)
    if not found:
        return
    box = st.popover("Saved", icon=":material/bookmarks:", key="geometry.saved", on_change="rerun")
    if box.open:
        with box:
            for one in found[:MOST_SAVED]:
                st.button(
                    f"{plain(one.name)} · {one.size:,}", key=f"geometry.saved.{one.selection_id}", type="tertiary",
                    on_click=guarded(_use), args=(one.selection_id,), help=plain(one.made_from) or None,
                )  # fmt: skip


def _record(subject: Subject) -> PassRecord | None:
    """Of the first model that was run."""
    return next((network.record for network in subject.networks if network.record), None)
