"""From pictures and models to jobs, and from what they found to the cells of the columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from analysis.engine.jobs import Job
from analysis.store import digest
from analysis.types import Ask, Report, Request
from app import resources

if TYPE_CHECKING:  # importing them costs seconds of torch
    from analysis.pipelines.side_by_side import Look, Sight
    from models.classifier import Classifier

FOUND, SUBMITTED, STOPPED = "variants.side.found", "variants.side.submitted", "variants.side.stopped"
MOST_FOUND = 240


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """One picture before one model."""

    classifier: Classifier
    sight: Sight
    ask: Ask

    @property
    def request(self) -> Request:
        return Request((self.ask,))

    @property
    def key(self) -> str:
        return digest(
            family="side",
            picture=self.sight.picture.digest,
            target=self.sight.target,
            against=self.sight.against,
            classifier=self.classifier.fingerprint,
            method=self.ask.method,
            params=list(self.ask.params),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one job computes: all pictures that are not known yet before one model."""

    cells: tuple[Wanted, ...]

    @property
    def key(self) -> str:
        return digest(family="side", cells=[cell.key for cell in self.cells])

    def submit(self) -> Job[list[Look]]:
        """Queue it; the job already under way, if there is one."""
        from analysis.pipelines.side_by_side import look

        store, kept = resources.store(), resources.kept()
        classifier, request = self.cells[0].classifier, self.cells[0].request

        def compute(report: Report) -> list[Look]:
            sights = [cell.sight for cell in self.cells]
            return look(classifier, sights, request, store=store, kept=kept, report=report)

        st.session_state.setdefault(STOPPED, set()).discard(self.key)
        return resources.jobs().submit(self.key, f"Asking {classifier.name}", compute)


def start(wanted: Sequence[Wanted]) -> list[Job[list[Look]]]:
    """Submit what is not known yet, stop what this session no longer wants; the jobs that are not over."""
    collect(wanted)
    engine, parts = resources.jobs(), _parts(wanted)
    keys = {part.key for part in parts}
    stopped: set[str] = st.session_state.setdefault(STOPPED, set())
    for key in st.session_state.setdefault(SUBMITTED, set()) - keys:
        engine.cancel(key)
    st.session_state[SUBMITTED] = keys
    active = []
    for part in parts:
        job = engine.get(part.key)
        if job is None or job.state == "done" or (job.state == "cancelled" and part.key not in stopped):
            job = part.submit()
        if job.active:
            active.append(job)
    return active


def collect(wanted: Sequence[Wanted]) -> dict[str, Look]:
    """What is known of these cells by their keys, kept for this session."""
    memory: dict[str, Look] = st.session_state.setdefault(FOUND, {})
    for part in _parts(wanted):
        job = resources.jobs().get(part.key)
        if job is not None and job.result is not None:
            memory |= {cell.key: look for cell, look in zip(part.cells, job.result, strict=True)}
    keys = {cell.key for cell in wanted}
    for key in [key for key in memory if key not in keys][: max(0, len(memory) - MOST_FOUND)]:
        del memory[key]
    return {key: memory[key] for key in keys if key in memory}


def failures(wanted: Sequence[Wanted]) -> list[tuple[Part, str]]:
    """What went wrong, in words."""
    jobs = [(part, resources.jobs().get(part.key)) for part in _parts(wanted)]
    return [(part, _why(job)) for part, job in jobs if job is not None and job.error is not None]


def stop(key: str) -> None:
    """The user cancels a job: it is not started again by itself."""
    st.session_state.setdefault(STOPPED, set()).add(key)
    resources.jobs().cancel(key)


def again(part: Part) -> None:
    """The user tries once more."""
    part.submit()


def _parts(wanted: Sequence[Wanted]) -> list[Part]:
    """The cells that are not known, a part for each model and method."""
    memory: dict[str, Look] = st.session_state.setdefault(FOUND, {})
    by_model: dict[tuple[str, str], list[Wanted]] = {}
    for cell in wanted:
        if cell.key not in memory:
            by_model.setdefault((cell.classifier.fingerprint, repr(cell.ask)), []).append(cell)
    return [Part(tuple(cells)) for cells in by_model.values()]


def _why(job: Job) -> str:
    return f"{job.title} was cancelled." if job.state == "cancelled" else str(job.error)
