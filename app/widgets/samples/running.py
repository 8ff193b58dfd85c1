"""Letting a model run over the dataset: the dialog that asks which, and the progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analysis.records import DatasetRecord
from app import resources
from app.boundary import boundary, guarded, plain
from app.samples_choice import Subject
from app.widgets import predicting
from app.widgets.samples import PAGE
from app.widgets.samples.header import unmatched_classes

if TYPE_CHECKING:
    from analysis.pipelines.job_view import JobView

OPEN, BEFORE, MINE = "samples.running", "samples.running.before", "samples.running.mine"
KEY = "samples.run"


def offer(subject: Subject) -> None:
    """The button, and the dialog while it is open."""
    first = subject.a is None
    words = "Run a model over it" if first else "Run another model"
    st.button(
        words, icon=":material/play_arrow:", type="primary" if first else "tertiary", key="samples.run.open",
        on_click=guarded(_open), args=(subject.dataset, ""), width="stretch" if first else "content",
    )  # fmt: skip
    for asked in subject.passes:
        if missing := len(unmatched_classes(subject.dataset, asked)):
            st.button(
                f"{missing} classes unmatched: map them", icon=":material/link_off:", type="tertiary",
                key=f"samples.map.{asked.pass_id}", on_click=guarded(_open), args=(subject.dataset, asked.model_name),
                help="Map classes of the dataset to the model's by hand, then run the model again.",
            )  # fmt: skip
    if st.session_state.get(OPEN) == subject.dataset.dataset_id:
        st.dialog(f"Run a model over {subject.dataset.name}", width="large", on_dismiss=guarded(_close))(_asked)(
            subject.dataset
        )


def _open(dataset: DatasetRecord, model: str) -> None:
    PAGE.change(sample=None)  # one dialog at a time
    st.session_state[OPEN] = dataset.dataset_id
    st.session_state[BEFORE] = {job.key for job in _jobs(dataset) if job.active}
    if model:
        st.session_state[f"{KEY}.model"] = model


def _close() -> None:
    for key in (OPEN, BEFORE):
        st.session_state.pop(key, None)


def _asked(dataset: DatasetRecord) -> None:
    """The dialog; it closes once there is new work."""
    with boundary():
        predicting.offer(dataset, KEY)
    if new := {job.key for job in _jobs(dataset) if job.active} - st.session_state.get(BEFORE, set()):
        st.session_state[MINE] = st.session_state.get(MINE, set()) | new
        _close()
        st.rerun()


def progress(dataset: DatasetRecord) -> None:
    """What is under way for this dataset, and what went wrong with what was asked for here."""
    predicting.follow(lambda job: job.kind == "predict" and job.arguments.get("dataset") == dataset.dataset_id)
    mine: set[str] = st.session_state.get(MINE, set())
    for job in _jobs(dataset) if mine else ():
        if job.key in mine and job.state == "failed":
            st.warning(plain(f"{job.title}: {job.message}"), icon=":material/info:")


def _jobs(dataset: DatasetRecord) -> list[JobView]:
    every = resources.work().jobs()
    return [j for j in every if j.kind == "predict" and j.arguments.get("dataset") == dataset.dataset_id]
