"""Robustness: variants under corruption, compared by the geometry of their last features, in six linked views."""

from dataclasses import replace

import streamlit as st

from analysis.sweeps import SweepRecord
from app import linked, resources
from app.boundary import boundary, failed
from app.robustness_choice import PAGE, SHORT, Choice, Subject
from app.widgets.robustness import attribution, global_, local, samples, similarity, table


def page() -> None:
    with boundary():
        choice = PAGE.current()
        failed()
        sweeps = resources.store().sweeps.all()
        if not sweeps:
            st.info("There is no sweep in this workspace yet.")
            return
        sweep = next((s for s in sweeps if choice.sweep and s.sweep_id.startswith(choice.sweep)), sweeps[0])
        choice = replace(choice, sweep=sweep.sweep_id[:SHORT])
        subject = _subject(sweep, choice)
        for section in (table, similarity, local, global_, attribution, samples):
            with st.container(border=True), boundary():
                choice = section.section(replace(subject, choice=choice), "small")
        PAGE.keep(choice)


def _subject(sweep: SweepRecord, choice: Choice) -> Subject:
    places = [sweep.member(name) for name in choice.members]
    members = tuple(p for p in places if p is not None) or tuple(range(len(sweep.members)))
    selected, words = linked.chosen(sweep.sweep_id)
    return Subject(sweep, choice, members, selected, words)
