"""Which true classes a view of samples shows: chips for a few, a list to search for many."""

from __future__ import annotations

import streamlit as st

from app.robustness_choice import PAGE, Subject

CHIPS = 12
"""Classes at most that get a chip each."""


def classes(subject: Subject, *, hidden: bool, view: str = "local") -> tuple[int, ...]:
    """Draw the choice; the classes chosen, none of them: all. hidden: it is in a popover."""
    names = subject.sweep.class_names
    if len(names) < 2:
        return ()
    known = [c for c in subject.choice.classes if c < len(names)]
    key, usual = (
        PAGE.start(f"{view}.classes.small", known) if hidden else (PAGE.seed(f"{view}.classes", known, names), None)
    )
    if len(names) <= CHIPS:
        chosen = st.pills(
            "Of these true classes; of all if none is chosen", range(len(names)), key=key, default=usual,
            selection_mode="multi", format_func=names.__getitem__,
        )  # fmt: skip
    else:
        chosen = st.multiselect(
            "Of these true classes", range(len(names)), key=key, default=usual, format_func=names.__getitem__,
            placeholder="All classes",
        )  # fmt: skip
    return tuple(sorted(chosen))
