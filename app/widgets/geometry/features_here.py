"""What the page's own process computes from features: kept by what it was computed of, made by a job, never waited for.

Most of it takes less than a second; what takes longer shows how far it is, and the page can be used meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from analysis.engine.jobs import Job
from analysis.records import PassRecord
from analysis.types import Report
from app import resources
from app.boundary import guarded, plain
from app.recent import Recent
from app.widgets.progress import settled, watch

if TYPE_CHECKING:
    from analysis.geometry.features import Features
    from models.classifier import Head

KEPT, FEATURES = 64, 4


@dataclass(frozen=True, slots=True)
class Result:
    """What was asked for; None while it is made, or where it cannot be: then `why`."""

    value: Any = None
    why: str = ""


@st.cache_resource(show_spinner=False)
def _found() -> Recent[str, Result]:
    return Recent(KEPT)


@st.cache_resource(show_spinner=False)
def _features() -> Recent[tuple[str, str, bool], Features]:
    return Recent(FEATURES)


def features(record: PassRecord, tap: str, head: Head | None = None) -> Features:
    """Those of a pass at a layer, with the head where one is given. In a job."""
    from analysis.pipelines.geometry_measuring import features_of

    dataset, workspace = resources.dataset(record.dataset_id), resources.settings().workspace
    key = (record.pass_id, tap, head is not None)
    return _features().made(key, lambda: features_of(workspace, record, tap, dataset, head))


def made(key: str, title: str, make: Callable[[Report], Any]) -> Result:
    """The result under a key; asked for where it is lacking, and waited for only a moment.

    While it is under way, its progress is drawn here; where it failed, why, and a way to try again.
    """
    if (known := _found().get(key)) is not None:
        return known
    jobs = resources.jobs()
    job = jobs.get(key)
    if job is None or (not job.active and job.error is None):

        def compute(report: Report) -> None:
            report(0.0, "reading the features")
            _found().put(key, Result(make(report)))

        job = jobs.submit(key, title, compute)
    if settled([job]) and (known := _found().get(key)) is not None:
        return known
    if job.error is not None:
        st.warning(plain(str(job.error)), icon=":material/info:")
        st.button("Try again", key=f"geometry.again.{key}", on_click=guarded(forget), args=(key,))
        return Result(why=str(job.error))
    watch(jobs, [key])
    return Result()


def forget(key: str) -> None:
    """After a failure, or when it was stopped, once more."""
    job = resources.jobs().get(key)
    if job is not None and not job.active:
        resources.jobs().forget(key)


def loaded(name: str) -> Any | None:
    """A network; None while it is loaded, which is drawn here, or where that failed, which is said."""
    found = resources.classifier(name)
    if not isinstance(found, Job):
        return found
    if found.error is not None:
        st.warning(plain(f"{name} cannot be loaded: {found.error}"), icon=":material/info:")
        return None
    watch(resources.loading(), [found.key], stoppable=False)
    return None
