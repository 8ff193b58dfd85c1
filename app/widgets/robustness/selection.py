"""The bar that says which samples all views are about, and what can be done with them."""

from __future__ import annotations

import streamlit as st

from app import frame, linked, resources
from app.boundary import boundary, guarded, plain
from app.robustness_choice import PAGE, SHORT, Subject
from app.widgets.robustness import picker


def section(subject: Subject) -> None:
    """Always there: all samples, or those that a view chose."""
    selected, sweep = subject.selected, subject.sweep
    with st.container(horizontal=True, vertical_alignment="center", key="robustness-line-selection"):
        if selected is None:
            st.markdown(f":material/select_all: **All {sweep.samples:,} samples**", width="content")
            st.caption("Lasso, brush or click in any view: all the others follow.", width="content")
        else:
            words = f":primary-badge[{len(selected):,} of {sweep.samples:,} selected]"
            st.markdown(f"{words} {plain(subject.words)}", width="content")
            st.button("Clear", icon=":material/close:", key="robustness.clear", on_click=guarded(linked.clear))
            _save(subject)
            _elsewhere(subject)
        _load(subject)
        st.space("stretch")
        picker.compared(subject)


def _load(subject: Subject) -> None:
    """A popover with the selections of this dataset that are saved."""
    found = resources.store().selections(subject.sweep.dataset_id)
    if not found:
        return
    with st.popover("Saved selections", icon=":material/bookmarks:", width="content"):
        for one in found[:30]:
            st.button(
                f"{plain(one.name)} · {one.size:,}", key=f"robustness.saved.{one.selection_id}", type="tertiary",
                on_click=guarded(linked.saved), args=(one.selection_id,), help=plain(one.made_from) or None,
            )  # fmt: skip


def _save(subject: Subject) -> None:
    """A popover that keeps what is selected under a name."""
    if subject.choice.selection:
        return
    sweep, selected = subject.sweep, subject.selected
    here = any(r.dataset_id == sweep.dataset_id for r in resources.store().datasets())
    why = None if here else "The images of this sweep are not in this workspace, so there is nothing to keep them of."
    if why or selected is None or not len(selected):
        st.button(
            "Save as selection", icon=":material/bookmark_add:", disabled=True, help=why, key="robustness.save.no"
        )
        return
    with (
        st.popover("Save as selection", icon=":material/bookmark_add:", width="content"),
        st.form("robustness.save", border=False),
    ):
        name = st.text_input("Name", max_chars=64, placeholder="fragile under fog")
        if st.form_submit_button(f"Save {len(selected):,} samples", type="primary"):
            with boundary():
                if not name.strip():
                    st.warning("Give it a name.")
                    return
                made = f"{subject.words}, in the sweep '{sweep.name}'"
                kept = resources.store().save_selection(name.strip(), selected, sweep.dataset_id, made)
                linked.saved(kept.selection_id)
                st.toast(f"Saved '{plain(kept.name)}': {kept.size:,} samples", icon=":material/bookmark_added:")
                st.rerun()


def _elsewhere(subject: Subject) -> None:
    """The way to the Samples page, once the selection has an id."""
    if saved := PAGE.current().selection:
        dataset = subject.sweep.dataset_id[:SHORT]
        frame.link("samples", "Open on Samples page", ":material/open_in_new:", dataset=dataset, selection=saved)
