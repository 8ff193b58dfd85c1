"""Robustness: variants under corruption, compared by the geometry of their last features, in six linked views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from analysis.errors import UnknownSelection
from analysis.sweeps import SweepRecord
from app import linked, resources
from app.boundary import boundary, failed, plain
from app.robustness_choice import PAGE, SHORT, Choice, Subject
from app.widgets.progress import watch
from app.widgets.robustness import new, picker, progress, selection, shell


def page() -> None:
    """Choose a sweep, who is on show and what is compared; then the views."""
    with boundary():
        PAGE.current()
        if begun := new.followed():
            PAGE.change(sweep=begun[:SHORT], **picker.CLEAR)
        choice = PAGE.current()
        failed()
        st.html(shell.STYLE)
        taking = resources.bundled()
        progress.take_in()
        sweeps = resources.store().sweeps.all()
        if not sweeps and taking is not None and taking.active:
            watch(resources.loading(), [taking.key], stoppable=False)
            st.skeleton(height=640)
            return
        sweep = _sweep(choice, sweeps)
        if sweep is None:
            _nothing(bool(sweeps))
            PAGE.keep(choice)
            return
        subject = _subject(sweep, replace(choice, sweep=sweep.sweep_id[:SHORT]))
        subject = replace(subject, choice=shell.top(subject))
        if new.opened():
            new.section()
        subject = replace(subject, choice=picker.section(subject, sweeps))
        selection.section(subject)
        progress.section(sweep)
        PAGE.keep(shell.views(subject))


def _sweep(choice: Choice, sweeps: Sequence[SweepRecord]) -> SweepRecord | None:
    """The one that is asked for, else the usual; None where there is none, or it is only being prepared."""
    found = next((s for s in sweeps if choice.sweep and s.sweep_id.startswith(choice.sweep)), None)
    if found is not None or not sweeps:
        return found
    if choice.sweep:
        if any(progress.asked_for(view).startswith(choice.sweep) for view in progress.running()):
            return None
        said = f"This address names a sweep that is not in this workspace; '{_usual(sweeps).name}' is shown instead."
        st.warning(plain(said), icon=":material/info:")
    return _usual(sweeps)


def _usual(sweeps: Sequence[SweepRecord]) -> SweepRecord:
    """The latest of the user's own; else, of those that came with Cutaway, the one with the most cells."""
    own = [s for s in sweeps if s.source != "bundled"]
    return own[0] if own else max(sweeps, key=lambda s: len(s.members) * len(s.conditions))


def _nothing(others: bool) -> None:
    """No sweep, or one that has no cell yet."""
    if progress.running():
        st.markdown("#### The sweep is being prepared")
        st.markdown("Networks are opened and the first images are corrupted. The table comes with the first cells.")
        progress.section(None)
        if others:
            st.button("Show another sweep", key="robustness.back", on_click=PAGE.change, kwargs={"sweep": ""})
        return
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
        st.warning(plain(str(error)), icon=":material/bookmark_remove:")
        choice, selected, words = replace(choice, selection=""), None, ""
    return Subject(sweep, choice, members, selected, words)
