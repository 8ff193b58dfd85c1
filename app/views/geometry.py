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
from app.widgets.geometry import downloads, notes, picker, running, selection, shell
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
        subject = _subject(choice, records)
        whole = subject.networks and all(network.taps for network in subject.networks)
        if not whole and taking is not None and taking.active:
            watch(resources.loading(), [taking.key], stoppable=False)
            st.skeleton(height=560)
            return
        _page(subject, records)


def _page(subject: Subject, records: Sequence[DatasetRecord]) -> None:
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
        with boundary():
            running.missing(subject)
        PAGE.keep(subject.choice)
        return
    subject = replace(subject, choice=shell.views(subject))
    selection.section(subject)
    if subject.other_classes:
        st.caption(f":material/info: {plain(subject.other_classes)}")
    for network in subject.networks:
        if network.why:
            st.caption(f":material/info: {plain(network.why)} 'Measure' does what is missing.")
    shell.section(subject)
    PAGE.keep(subject.choice)


def _subject(choice: Choice, records: Sequence[DatasetRecord]) -> Subject:
    """With all that the choice leaves open."""
    dataset, said = picker.dataset(choice, records)
    if said:
        st.warning(plain(said), icon=":material/info:")
        choice = replace(choice, **picker.CLEAR)
    networks = picker.networks(choice, dataset)
    names = tuple(network.name for network in networks)
    choice = picker.settled(replace(choice, dataset=dataset.dataset_id[:SHORT], models=names), networks)
    try:
        selected, words = selection.current(choice, dataset)
    except UnknownSelection as error:
        st.warning(plain(str(error)), icon=":material/bookmark_remove:")
        choice, selected, words = replace(choice, selection=""), None, ""
    return Subject(choice, dataset, networks, selected, words)
