"""What is selected on a page, kept under a name; and what was kept of the same images before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from analysis.records import DatasetRecord
from app import resources
from app.boundary import boundary, guarded, plain

MOST = 30
"""Selections that are listed, the latest first."""

Use = Callable[[str], None]
"""Makes the selection of an id the page's own."""


def save(page: str, dataset: DatasetRecord, samples: np.ndarray, words: str, use: Use, example: str) -> None:
    """A popover that keeps samples under a name. page: its place in the address; words: how they were chosen."""
    box = st.popover("Save as selection", icon=":material/bookmark_add:", key=f"{page}.saving", on_change="rerun")
    if not box.open:
        return
    with box, st.form(f"{page}.save", border=False):
        name = st.text_input("Name", max_chars=64, placeholder=example)
        if st.form_submit_button(f"Save {len(samples):,} samples", type="primary"):
            with boundary():
                if not name.strip():
                    st.warning("Give it a name.")
                    return
                made = f"{words}, on the {page.capitalize()} page"
                kept = resources.store().save_selection(name.strip(), samples, dataset.dataset_id, made)
                use(kept.selection_id)
                st.toast(f"Saved '{plain(kept.name)}': {kept.size:,} samples", icon=":material/bookmark_added:")
                st.rerun()


def saved(page: str, dataset: DatasetRecord, use: Use) -> None:
    """A popover with what is kept of these images, where something is."""
    found = resources.store().selections(dataset.dataset_id)
    if not found:
        return
    box = st.popover("Saved", icon=":material/bookmarks:", key=f"{page}.saved", on_change="rerun")
    if box.open:
        with box:
            for one in found[:MOST]:
                st.button(
                    f"{plain(one.name)} · {one.size:,}", key=f"{page}.saved.{one.selection_id}", type="tertiary",
                    on_click=guarded(use), args=(one.selection_id,), help=plain(one.made_from) or None,
                )  # fmt: skip
