"""Samples: the images of a dataset as models see them, from the confusion of classes down to one picture."""

from dataclasses import replace

import streamlit as st

from analysis.datasets.decoding import decode
from analysis.records import PassRecord, Selection
from app import frame, resources
from app.boundary import boundary, failed
from app.samples_choice import Subject
from app.widgets import selections as saved
from app.widgets.samples import PAGE, controls, panels, running, sources
from app.widgets.samples.filters import filters
from app.widgets.samples.header import header
from app.widgets.samples.sheet import gallery
from app.widgets.samples.single import open_sample, single


def page() -> None:
    """Choose, show."""
    with boundary():
        choice, store = PAGE.current(), resources.store()
        failed()
        records = store.datasets()
        if not records:
            _nothing()
            return
        with st.sidebar:
            dataset = sources.dataset(choice, records)
            passes = store.passes(dataset.dataset_id)
            subject = sources.subject(choice, dataset, passes)
            running.offer(subject)
            selections = store.selections(dataset.dataset_id)
            subject = replace(subject, choice=filters(_known(subject, selections), selections))
        running.progress(dataset)
        _page(subject, selections)


def _nothing() -> None:
    st.markdown("#### There is no dataset in this workspace yet")
    st.markdown("Import images or generate some; then come back to look at them.")
    frame.link("workspace", "Go to the Workspace page", ":material/database:")


def _known(subject: Subject, selections: list[Selection]) -> Subject:
    """Without a selection that is not there."""
    wanted = subject.choice.selection
    if not wanted or any(s.selection_id == wanted for s in selections):
        return subject
    st.warning("This address names a selection that is not in this workspace.", icon=":material/bookmark_remove:")
    return replace(subject, choice=replace(subject.choice, selection=""))


def _page(subject: Subject, selections: list[Selection]) -> None:
    """The count, the panel that was chosen, the gallery."""
    count = resources.store().count(subject.filter)
    header(subject, count, selections)
    choice = controls.views(subject)
    subject = replace(subject, choice=choice)
    if choice.view == "images":
        left, right = None, st.container()
    else:
        left, right = st.columns([11, 9], gap="medium")
    if left is not None:
        with left:
            choice = _panel(subject, selections)
    with right:
        choice = _gallery(replace(subject, choice=choice), count)
    PAGE.keep(choice)
    single(replace(subject, choice=choice), count, _explain)


def _panel(subject: Subject, selections: list[Selection]):
    if subject.choice.view == "selections":
        saved.manage(selections, subject.filter, lambda i: PAGE.change(selection=i, page=1))
    elif subject.a is None:
        st.info("No model has been run over this dataset yet.", icon=":material/model_training:")
    elif subject.choice.view == "confusion":
        return panels.confusion(subject)
    elif subject.choice.view == "calibration":
        panels.calibration(subject)
    else:
        panels.classes(subject)
    return subject.choice


def _gallery(subject: Subject, count: int):
    size = controls.per_page(subject.choice)
    place = st.container()
    choice = controls.page(subject.choice, count)
    rows = resources.store().samples(
        subject.filter, sort=choice.sort, descending=choice.descending, limit=size, offset=(choice.page - 1) * size
    )
    with place:
        if rows:
            gallery(
                replace(subject, choice=choice), rows, open_sample, lambda step: _turn(choice.page + step, count, size)
            )
        else:
            st.info("No sample passes these filters.", icon=":material/filter_alt_off:")
    return choice


def _turn(page: int, count: int, size: int) -> None:
    if 1 <= page <= -(-count // size):
        PAGE.change(page=page)


def _explain(sample: int, asked: PassRecord) -> None:
    """Open the Explain page with this picture and this model."""
    name, data = resources.dataset(asked.dataset_id).encoded(sample)
    picture = decode(data, name)
    resources.store().save_picture(picture, data)
    st.switch_page(frame.pages()["explain"], query_params={"picture": picture.digest, "classifier": asked.model_name})
