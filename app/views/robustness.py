"""Robustness: variants under corruption, compared by the geometry of their last features, in six linked views."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from analysis.errors import UnknownSelection
from analysis.sweeps import SweepRecord
from app import linked, resources
from app.boundary import boundary, failed
from app.robustness_choice import PAGE, SHORT, Choice, Subject
from app.widgets.robustness import new, picker, progress, selection, shell


def page() -> None:
    """Choose a sweep, who is on show and what is compared; then the views."""
    with boundary():
        choice = PAGE.current()
        failed()
        st.html(shell.STYLE)
        sweeps = resources.store().sweeps.all()
        if not sweeps:
            _nothing()
            return
        sweep = next((s for s in sweeps if choice.sweep and s.sweep_id.startswith(choice.sweep)), sweeps[0])
        if choice.sweep and not sweep.sweep_id.startswith(choice.sweep):
            st.warning(f"This address names a sweep that is not in this workspace; '{sweep.name}' is shown instead.")
        subject = _subject(sweep, replace(choice, sweep=sweep.sweep_id[:SHORT]))
        subject = replace(subject, choice=shell.top(subject))
        subject = replace(subject, choice=picker.section(subject, sweeps))
        selection.section(subject)
        progress.section(sweep)
        PAGE.keep(shell.views(subject))


def _nothing() -> None:
    st.markdown("#### There is no sweep in this workspace yet")
    st.markdown(
        "A sweep shows models the same images under every corruption and keeps, for each image, what they say and "
        "where its features lie. Start one here; the table fills while it runs."
    )
    progress.section(None)
    new.section()


def _subject(sweep: SweepRecord, choice: Choice) -> Subject:
    places = [sweep.member(name) for name in choice.members]
    members = tuple(p for p in places if p is not None) or tuple(range(len(sweep.members)))
    try:
        selected, words = linked.chosen(sweep)
    except UnknownSelection as error:
        st.warning(str(error), icon=":material/bookmark_remove:")
        choice, selected, words = replace(choice, selection=""), None, ""
    return Subject(sweep, choice, members, selected, words)
