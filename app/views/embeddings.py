"""Embeddings: the data as networks see them, side by side, with how far each picture can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from analysis.errors import UnknownSelection
from analysis.records import DatasetRecord
from app import resources
from app.boundary import boundary, failed, plain
from app.embeddings_choice import PAGE, SHORT, Choice, Subject
from app.widgets.embeddings import (
    about,
    colouring,
    drawing,
    filters,
    header,
    jobs,
    offer,
    pane_settings,
    panes_data,
    quality,
    right,
    selection,
    shell,
    strip,
)


def page() -> None:
    """Choose images and panes; look at them, and at what is selected in them."""
    with boundary():
        choice = PAGE.current()
        failed()
        st.html(shell.STYLE)
        taking = resources.bundled_features()
        records = resources.store().datasets()
        if not records:
            offer.nothing(taking)
            return
        _page(choice, records, taking)


def _page(choice: Choice, records: Sequence[DatasetRecord], taking) -> None:
    dataset, said = header.dataset(choice, records, offer.usual(records))
    if said:
        st.warning(plain(said), icon=":material/info:")
        choice = replace(choice, **header.CLEAR)
    choice = replace(choice, dataset=dataset.dataset_id[:SHORT])
    found = panes_data.here(dataset)
    if offer.filling(choice, found, taking):
        return
    subject = _subject(choice, found)
    choice = header.line(subject, found, records)
    subject, coloured = _narrowed(replace(subject, choice=choice))
    if not subject.panes:
        offer.section(dataset, taking)
        PAGE.keep(subject.choice)
        return
    selection.section(subject)
    left, beside = st.columns(shell.WIDTHS, gap="small")
    with left.container(key="embeddings-left"):
        _panes(subject, found, coloured)
    with beside.container(border=True, height=shell.BESIDE, key="embeddings-panel-right"), boundary():
        subject = replace(subject, choice=right.section(subject))
    with boundary():
        strip.section(subject, found, coloured)
    with boundary():
        about.section(subject)
    PAGE.keep(subject.choice)


def _subject(choice: Choice, found: panes_data.Here) -> Subject:
    """With all that the choice leaves open; the filters come once the colours are known."""
    panes = panes_data.laid(found, choice)
    choice = replace(choice, panes=tuple(laid.pane for laid in panes))
    if choice.sample is not None and choice.sample >= found.dataset.size:
        choice = replace(choice, sample=None)
    try:
        selected, words = selection.current(choice, found.dataset)
    except UnknownSelection as error:
        st.warning(plain(str(error)), icon=":material/bookmark_remove:")
        choice, selected, words = replace(choice, selection=""), None, ""
    if choice.within and choice.within not in {s.selection_id for s in selection.saved(found.dataset)}:
        st.warning("This address draws a selection alone that is not in this workspace; all samples are drawn instead.")
        choice = replace(choice, within="")
    return Subject(choice, found.dataset, panes, None, selected, words)


def _narrowed(subject: Subject) -> tuple[Subject, colouring.Coloured]:
    """With the samples that pass the filters."""
    if not subject.panes:
        return subject, colouring.Coloured("", np.zeros(0, np.uint16))
    coloured = colouring.coloured(subject, dark=st.context.theme.type == "dark")
    shown = filters.shown(subject, coloured.codes)
    return replace(subject, shown=shown), coloured


def _panes(subject: Subject, found: panes_data.Here, coloured: colouring.Coloured) -> None:
    """Their settings, the pictures, and under each what is to be said of it."""
    pane_settings.line(found, subject.panes)
    with boundary():
        drawing.section(subject, coloured, shell.HEIGHT, right.uploads(subject))
    wanted = [laid.pane for laid in subject.panes]
    for place, (column, laid) in enumerate(zip(st.columns(len(wanted), gap="small"), subject.panes, strict=True)):
        with column, boundary():
            if laid.embedding is None:
                jobs.under(place, laid, subject.dataset, wanted)
            else:
                jobs.judge(laid.embedding)
                quality.section(place, laid)
