"""The maps of a sample as jobs: asked for once, kept for the session, stopped when nobody wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from analysis.engine.jobs import Job
from analysis.store import digest
from analysis.sweeps import SweepRecord
from analysis.types import Report
from app import resources

if TYPE_CHECKING:  # importing them costs seconds of torch
    from analysis.pipelines.geometric import Look
    from models.classifier import Classifier

FOUND, SUBMITTED, STOPPED = "robustness.maps.found", "robustness.maps.submitted", "robustness.maps.stopped"
MOST_FOUND = 24
VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """One sample before one member under one condition."""

    classifier: Classifier
    sweep: SweepRecord
    condition: int
    sample: int
    against: int | None
    patch: float
    stride: float

    @property
    def key(self) -> str:
        what = self.sweep.conditions[self.condition]
        return digest(
            family="geometric",
            version=VERSION,
            classifier=self.classifier.fingerprint,
            dataset=self.sweep.dataset_id,
            sweep=self.sweep.sweep_id,
            condition=[what.name, sorted(what.params)],
            sample=self.sample,
            against=self.against,
            patch=self.patch,
            stride=self.stride,
        )

    def submit(self) -> Job[Look]:
        """Queue it; the job already under way, if there is one."""
        from analysis.pipelines.geometric import look

        images = resources.dataset(self.sweep.dataset_id)

        def compute(report: Report) -> Look:
            return look(
                self.classifier, images, self.sweep, self.condition, self.sample, self.against,
                patch=self.patch, stride=self.stride, report=report,
            )  # fmt: skip

        st.session_state.setdefault(STOPPED, set()).discard(self.key)
        return resources.jobs().submit(self.key, f"Maps of sample {self.sample:,} by {self.classifier.name}", compute)


def found(wanted: Wanted) -> Look | None:
    """What its job found, kept for this session; None while there is nothing."""
    memory: dict[str, Look] = st.session_state.setdefault(FOUND, {})
    job = resources.jobs().get(wanted.key)
    if wanted.key not in memory and job is not None and job.result is not None:
        memory[wanted.key] = job.result
    return memory.get(wanted.key)


def start(wanted: Sequence[Wanted]) -> list[Job[Look]]:
    """Submit what is not known yet, stop what this session no longer wants; the jobs that are not over."""
    engine, keys = resources.jobs(), {w.key for w in wanted}
    stopped: set[str] = st.session_state.setdefault(STOPPED, set())
    for key in st.session_state.setdefault(SUBMITTED, set()) - keys:
        engine.cancel(key)
    st.session_state[SUBMITTED] = keys
    _forget(keys)
    active = []
    for each in {w.key: w for w in wanted}.values():
        job = engine.get(each.key)
        lost = job is None or job.state == "done" or (job.state == "cancelled" and each.key not in stopped)
        if found(each) is None and lost:
            job = each.submit()
        if job is not None and job.active:
            active.append(job)
    return active


def stop(key: str) -> None:
    """The user cancels a job: it is not started again by itself."""
    st.session_state.setdefault(STOPPED, set()).add(key)
    resources.jobs().cancel(key)


def again(wanted: Wanted) -> None:
    """The user tries once more."""
    wanted.submit()


def failure(wanted: Wanted) -> str:
    """What went wrong, in words; empty where nothing did."""
    job = resources.jobs().get(wanted.key)
    if found(wanted) is not None or job is None or job.error is None:
        return ""
    return f"{job.title} was cancelled." if job.state == "cancelled" else str(job.error)


def _forget(wanted: set[str]) -> None:
    memory: dict[str, Look] = st.session_state.setdefault(FOUND, {})
    for key in [key for key in memory if key not in wanted][: max(0, len(memory) - MOST_FOUND)]:
        del memory[key]
