"""Letting a model run over the dataset: the dialog that asks which, and the progress."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from analysis.records import DatasetRecord
from app import frame, resources, words
from app.boundary import boundary, guarded, plain
from app.samples_choice import Subject
from app.widgets import predicting
from app.widgets.samples import PAGE
from app.widgets.samples.header import unmatched_classes

if TYPE_CHECKING:
    from analysis.pipelines.job_view import JobView

OPEN, SINCE = "samples.running", "samples.running.since"
KEY = "samples.run"


def offer(subject: Subject) -> None:
    """The button, and the dialog while it is open."""
    first = subject.a is None
    label = "Run a model over it" if first else "Run another model"
    st.button(
        label, icon=":material/play_arrow:", type="primary" if first else "tertiary", key="samples.run.open",
        on_click=guarded(_open), args=(subject.dataset, ""), width="stretch" if first else "content",
    )  # fmt: skip
    for asked in subject.passes:
        if missing := len(unmatched_classes(subject.dataset, asked)):
            st.button(
                f"{words.plural(missing, 'class', 'classes')} unmatched", icon=":material/link_off:", type="tertiary",
                key=f"samples.map.{asked.pass_id}", on_click=guarded(_open), args=(subject.dataset, asked.model_name),
                help="Map classes of the dataset to the model's by hand, then run the model again.",
            )  # fmt: skip
    if st.session_state.get(OPEN) == subject.dataset.dataset_id:
        _dialog(subject.dataset)


def _dialog(dataset: DatasetRecord) -> None:
    """Open until there is new work for this dataset."""
    opened: datetime = st.session_state[SINCE]
    if any(job.submitted_at > opened for job in resources.work().jobs() if _concerns(job, dataset)):
        _close()
        return
    title = f"Run a model over {dataset.name}"
    st.dialog(title, width="large", on_dismiss=guarded(_close))(_asked)(dataset)


def _asked(dataset: DatasetRecord) -> None:
    with boundary():
        predicting.offer(dataset, KEY)


def _open(dataset: DatasetRecord, model: str) -> None:
    PAGE.change(sample=None)  # one dialog at a time
    st.session_state[OPEN], st.session_state[SINCE] = dataset.dataset_id, datetime.now(UTC)
    if model:
        st.session_state[f"{KEY}.model"] = model


def _close() -> None:
    for key in (OPEN, SINCE):
        st.session_state.pop(key, None)


def progress(dataset: DatasetRecord) -> None:
    """What is under way for this dataset, and what went wrong."""
    predicting.follow(lambda job: _concerns(job, dataset))
    for job in frame.ended():
        if job.state == "failed" and _concerns(job, dataset):
            left, right = st.columns([6, 1], vertical_alignment="center")
            left.warning(plain(f"{job.title}: {job.message}"), icon=":material/info:")
            dismiss = guarded(frame.dismiss)
            right.button(
                "Dismiss", key=f"samples.dismiss.{job.key}", on_click=dismiss, args=(job.key,), width="stretch"
            )


def _concerns(job: JobView, dataset: DatasetRecord) -> bool:
    return job.kind == "predict" and job.arguments.get("dataset") == dataset.dataset_id
