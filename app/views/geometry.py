"""Geometry: how classes lie in what networks read, layer by layer, for one model or several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from analysis.errors import UnknownSelection
from analysis.records import DatasetRecord
from app import resources
from app.boundary import boundary, failed, plain
from app.geometry_choice import PAGE, SHORT, Choice, Subject
from app.widgets.embeddings import offer
from app.widgets.geometry import asked_for, downloads, notes, picker, running, selection, shell
from app.widgets.progress import watch


def page() -> None:
    """Choose images and models; have them measured; look at it from eight sides."""
    with boundary():
        choice = PAGE.current()
        failed()
        st.html(shell.STYLE)
        taking = resources.bundled_features()
        records = resources.store().datasets()
        if not records:
            offer.nothing(taking, running.MEASURES_WHAT)
            return
        subject, said = _subject(choice, records)
        whole = subject.networks and all(network.taps for network in subject.networks)
        if not whole and taking is not None and taking.active:
            watch(resources.loading(), [taking.key], stoppable=False)
            st.skeleton(height=560)
            return
        _page(subject, records, said)


def _page(subject: Subject, records: Sequence[DatasetRecord], said: Sequence[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="geometry-line-top"):
        picker.line(subject, records)
        st.space("stretch")
        with boundary():
            running.button(subject)
        with boundary():
            downloads.button(subject)
        with boundary():
            notes.button(subject)
    with boundary():
        running.by_itself(subject)
    with boundary():
        running.progress(subject)
    if not picker.taps(subject.networks):
        asked_for.tell(subject.choice, said)
        with boundary():
            running.missing(subject)
        PAGE.keep(subject.choice)
        return
    subject = replace(subject, choice=shell.views(subject))
    asked_for.tell(subject.choice, said)
    selection.section(subject)
    if subject.other_classes:
        st.caption(f":material/info: {plain(subject.other_classes)}")
    for network in subject.networks:
        if network.why:
            st.caption(f":material/info: {plain(network.why)} 'Measure' does what is missing.")
    shell.section(subject)
    PAGE.keep(subject.choice)


def _subject(asked: Choice, records: Sequence[DatasetRecord]) -> tuple[Subject, list[str]]:
    """With all that the choice leaves open; and what must be said of what it asks for that is not there."""
    dataset, other = picker.dataset(asked, records)
    choice, said = asked_for.checked(replace(asked, **picker.CLEAR) if other else asked)
    networks = picker.networks(choice, dataset)
    names = tuple(network.name for network in networks)
    shown = picker.settled(replace(choice, dataset=dataset.dataset_id[:SHORT], models=names), networks)
    said = [*[other] * bool(other), *said, *asked_for.layer(choice, shown)]
    try:
        selected, words = selection.current(shown, dataset)
    except UnknownSelection as error:
        shown, selected, words = replace(shown, selection=""), None, ""
        said.append(str(error))
    return Subject(shown, dataset, networks, selected, words), said
