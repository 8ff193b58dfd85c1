"""The line above the panes: the images, the colour, the filters, how panes go together, and what can be taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from analysis.records import DatasetRecord
from app.boundary import boundary, guarded
from app.embeddings_choice import PAGE, PANES, SHORT, Choice, Subject
from app.widgets.embeddings import colouring, downloads, filters, notes, pane_settings
from app.widgets.embeddings.panes_data import Here, unalike

CLEAR = {"panes": (), "colour": "truth", "sample": None, "selection": "", **filters.NONE}
"""What a choice about one dataset does not mean for another."""


def dataset(choice: Choice, records: Sequence[DatasetRecord], usual: DatasetRecord) -> tuple[DatasetRecord, str]:
    """The one that the address names, else the usual one; and what must be said where it is not there."""
    found = next((r for r in records if choice.dataset and r.dataset_id.startswith(choice.dataset)), None)
    if found is None and choice.dataset:
        said = f"This address names images that are not in this workspace; '{usual.name}' is shown instead."
        return usual, said
    return found or usual, ""


def line(subject: Subject, found: Here, records: Sequence[DatasetRecord]) -> Choice:
    """Draw it; the choice that it shows."""
    choice = subject.choice
    with st.container(horizontal=True, vertical_alignment="center", key="embeddings-line-top"):
        _dataset(subject.dataset, records)
        if subject.panes:
            choice = _controls(subject, found)
        st.space("stretch")
        if subject.panes:
            with boundary():
                downloads.popover(subject)
        with boundary():
            notes.button(subject)
    return choice


def _controls(subject: Subject, found: Here) -> Choice:
    """What there is to set once there are panes."""
    choice = _colour(subject)
    with boundary():
        choice = filters.popover(replace(subject, choice=choice), colouring.offered(subject))
    if len(subject.panes) > 1:
        choice = _together(replace(subject, choice=choice))
    _add(subject, found)
    return choice


def _dataset(shown: DatasetRecord, records: Sequence[DatasetRecord]) -> None:
    names = {r.dataset_id: f"{r.name} · {r.size:,}" for r in records}
    key = PAGE.seed("dataset", shown.dataset_id, names)
    st.selectbox(
        "Images", names, key=key, format_func=lambda i: names.get(i) or i, width=230, label_visibility="collapsed",
        on_change=guarded(_other), args=(key,),
    )  # fmt: skip


def _other(key: str) -> None:
    PAGE.change(dataset=st.session_state[key][:SHORT], **CLEAR)


def _colour(subject: Subject) -> Choice:
    words = colouring.offered(subject)
    if not words:
        return subject.choice
    shown = subject.choice.colour if subject.choice.colour in words else next(iter(words))
    key = PAGE.seed("colour", shown, words)
    st.caption("colour", width="content")
    st.selectbox(
        "Colour", words, key=key, format_func=lambda c: words.get(c) or c, width=190, label_visibility="collapsed",
        on_change=guarded(_recolour), args=(key,),
    )  # fmt: skip
    return subject.choice


def _recolour(key: str) -> None:
    """What was clicked away in the legend is of the colour that was."""
    PAGE.change(colour=st.session_state[key], hidden=())


def _together(subject: Subject) -> Choice:
    """Whether later panes are turned onto the first, and whether all move at once."""
    first, others = subject.panes[0], subject.panes[1:]
    reasons = [why for other in others if (why := unalike(first, other))]
    key = PAGE.seed("aligned", subject.choice.aligned)
    turned = "Later panes are moved, turned and scaled onto the first (Procrustes), which changes no distances' order."
    st.toggle(
        "Align", key=key, disabled=len(reasons) == len(others), on_change=guarded(_turned), args=(key,),
        help=f"{turned} Off where {reasons[0]}." if reasons else turned,
    )  # fmt: skip
    key = PAGE.seed("camera", subject.choice.camera)
    camera = st.toggle("One camera", key=key, help="All panes move, turn and zoom together.")
    return replace(subject.choice, camera=camera)


def _turned(key: str) -> None:
    PAGE.change(aligned=st.session_state[key])


def _add(subject: Subject, found: Here) -> None:
    panes = [laid.pane for laid in subject.panes]
    full = len(panes) >= PANES
    st.button(
        "Add pane", icon=":material/add:", key="embeddings.add", disabled=full, on_click=guarded(_added),
        args=(found, tuple(panes)), help=f"At most {PANES} side by side." if full else None,
    )  # fmt: skip


def _added(found: Here, panes: tuple) -> None:
    PAGE.change(panes=pane_settings.added(found, panes))
