"""Angles of one representation to all class directions: from memory, from the disk, or from a job that computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from analysis.engine.jobs import Job
from analysis.errors import DataError
from analysis.types import Report
from app import resources
from app.recent import Recent
from app.robustness_choice import Subject
from app.widgets.robustness.local_rows import Rows

if TYPE_CHECKING:
    from models.classifier import Classifier

MEMORY_BYTES = 128 * 2**20
SUBMITTED = "robustness.global.submitted"
NO_IMAGES = (
    "The images of this sweep are not in this workspace, so angles to all classes cannot be computed; the axes are "
    "those that came with its rows."
)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Either the angles, or why there are none, or the jobs to wait for."""

    values: np.ndarray | None = None  # (S, L) radians
    why: str = ""
    job: Job[Any] | None = None


@st.cache_resource(show_spinner=False)
def _memory() -> Recent[str, np.ndarray]:
    return Recent(MEMORY_BYTES, lambda array: array.nbytes)


def angles(subject: Subject, rows: Rows) -> Found:
    """Those of one representation; what must be computed is submitted."""
    from analysis.pipelines import sweep_angles

    sweep = subject.sweep
    member, condition = sweep.members[rows.place[0]], sweep.conditions[rows.place[1]]
    name = sweep_angles.key(sweep, member, condition, rows.samples)
    known = _memory().get(name)
    if known is None and (known := sweep_angles.kept(resources.settings().workspace, name)) is not None:
        _memory().put(name, known)
    if known is not None:
        off = sweep_angles.disagreement(known, rows.truth, rows.numbers["angle"])
        return Found(known, _doubt(member.name, off) if off > sweep_angles.AGREES else "")
    if (starting := resources.engine()) is not None:
        return Found(job=starting, why=str(starting.error or ""))
    if why := sweep_angles.refused(sweep, member, condition):
        return Found(why=why)
    try:
        resources.dataset(sweep.dataset_id)
    except DataError:
        return Found(why=NO_IMAGES)
    classifier = resources.classifier(member.name)
    if isinstance(classifier, Job):
        return _waiting(classifier)
    if classifier.fingerprint != member.model_id:
        return Found(why=f"'{member.name}' is not the model any more that the sweep was made with: its weights differ.")
    return _waiting(_submitted(subject, classifier, rows, name))


def let_go(wanted: set[str]) -> None:
    """Stop what this session no longer looks at."""
    submitted: set[str] = st.session_state.setdefault(SUBMITTED, set())
    for key in submitted - wanted:
        resources.jobs().cancel(key)
    st.session_state[SUBMITTED] = submitted & wanted


def _waiting(job: Job[Any]) -> Found:
    return Found(job=job) if job.error is None else Found(why=f"{job.title}: {job.error}")


def _submitted(subject: Subject, classifier: Classifier, rows: Rows, name: str) -> Job[None]:
    from analysis.pipelines import sweep_angles

    key = f"angles:{name}"
    job = resources.jobs().get(key)
    if job is not None and (job.active or job.state == "failed"):
        return job
    sweep, memory, folder = subject.sweep, _memory(), resources.settings().workspace
    dataset, condition = resources.dataset(sweep.dataset_id), sweep.conditions[rows.place[1]]
    stored = sweep.params.get("stored")
    given = resources.dataset(str(stored)) if stored else None

    def compute(report: Report) -> None:
        found = sweep_angles.angles(classifier, dataset, sweep, condition, rows.samples, stored=given, report=report)
        sweep_angles.keep(folder, name, found)
        memory.put(name, found)

    st.session_state.setdefault(SUBMITTED, set()).add(key)
    return resources.jobs().submit(key, f"Angles of {classifier.name} to all classes", compute)


def _doubt(name: str, off: float) -> str:
    return (
        f"Angles to all classes were computed again for {name}, and differ from the sweep's by {np.degrees(off):.1f}° "
        "in the mean: its images or its corruptions are not quite those of the sweep."
    )
