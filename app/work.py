"""From a choice to jobs, and from what the jobs found to the rows of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from analysis.engine.jobs import Job
from analysis.store import digest
from analysis.types import Ask, Explanation, Picture, Report, Request
from app import resources
from app.session import Choice

if TYPE_CHECKING:  # importing them costs seconds of torch
    from app.figures.grid import Row
    from models.classifier import Classifier

FOUND, SUBMITTED, STOPPED = "explain.found", "explain.submitted", "explain.stopped"
MOST_FOUND = 48


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one job computes: some methods for one picture and one classifier."""

    picture: Picture
    classifier: Classifier
    request: Request

    @property
    def key(self) -> str:
        return digest(
            family="explain",
            picture=self.picture.digest,
            classifier=self.classifier.fingerprint,
            request=repr(self.request),
        )

    @property
    def labels(self) -> tuple[str, ...]:
        from analysis.attribution import METHODS

        return tuple(METHODS[ask.method].label for ask in self.request.methods)

    def submit(self) -> Job[Explanation]:
        """Queue it; the job already under way, if there is one."""
        from analysis.pipelines.explain import explain

        store, kept = resources.store(), resources.kept()

        def compute(report: Report) -> Explanation:
            return explain(self.classifier, [self.picture], self.request, store=store, kept=kept, report=report)[0]

        st.session_state.setdefault(STOPPED, set()).discard(self.key)
        what = f"{self.labels[0]} of" if len(self.labels) == 1 else "Explaining"
        return resources.jobs().submit(self.key, f"{what} {self.picture.name}", compute)


def parts(picture: Picture, classifier: Classifier, choice: Choice, asks: Sequence[Ask]) -> list[Part]:
    """The quick methods together, so that they share one pass; each slow one alone, so that it holds up nobody."""
    from analysis.attribution import METHODS

    taps = tuple(t for t in choice.taps if t == "auto" or t in classifier.taps)
    fitting = replace(choice, taps=taps)
    quick = [ask for ask in asks if not METHODS[ask.method].slow]
    slow = [ask for ask in asks if METHODS[ask.method].slow]
    groups = [quick, *([ask] for ask in slow)]
    return [Part(picture, classifier, fitting.request(group)) for group in groups]


def found(part: Part) -> Explanation | None:
    """What a part's job found, kept for this session; None while there is nothing."""
    memory: dict[str, Explanation] = st.session_state.setdefault(FOUND, {})
    job = resources.jobs().get(part.key)
    if part.key not in memory and job is not None and job.result is not None:
        memory[part.key] = job.result
    return memory.get(part.key)


def start(wanted: Sequence[Part]) -> list[Job[Explanation]]:
    """Submit what is not known yet, stop what this session no longer wants; the jobs that are not over."""
    engine, keys = resources.jobs(), {part.key for part in wanted}
    stopped: set[str] = st.session_state.setdefault(STOPPED, set())
    submitted: set[str] = st.session_state.setdefault(SUBMITTED, set())
    for key in submitted - keys:
        engine.cancel(key)
    _forget(keys)
    st.session_state[SUBMITTED] = keys
    active = []
    for part in sorted(wanted, key=lambda p: len(p.request.methods) == 1):
        job = engine.get(part.key)
        lost = job is None or job.state == "done" or (job.state == "cancelled" and part.key not in stopped)
        if found(part) is None and lost:
            job = part.submit()
        if job is not None and job.active:
            active.append(job)
    return active


def again(part: Part) -> None:
    """The user tries once more."""
    part.submit()


def _forget(wanted: set[str]) -> None:
    """Let the oldest results go that this page does not show; the store has them."""
    memory: dict[str, Explanation] = st.session_state.setdefault(FOUND, {})
    for key in [key for key in memory if key not in wanted][: max(0, len(memory) - MOST_FOUND)]:
        del memory[key]


def stop(key: str) -> None:
    """The user cancels a job: it is not started again by itself."""
    st.session_state.setdefault(STOPPED, set()).add(key)
    resources.jobs().cancel(key)


def failures(wanted: Sequence[Part]) -> list[tuple[Part, str]]:
    """What went wrong, in words."""
    jobs = [(part, resources.jobs().get(part.key)) for part in wanted if found(part) is None]
    return [(part, _why(job)) for part, job in jobs if job is not None and job.error is not None]


def _why(job: Job) -> str:
    return f"{job.title} was cancelled." if job.state == "cancelled" else str(job.error)


def row(wanted: Sequence[Part]) -> Row:
    """What is known so far of one picture and one classifier."""
    from app.figures.grid import Row

    known = [e for part in wanted if (e := found(part)) is not None]
    failed = {part.key for part, _ in failures(wanted)}
    waits = tuple(label for part in wanted if found(part) is None and part.key not in failed for label in part.labels)
    return Row(wanted[0].picture, wanted[0].classifier, _joined(known) if known else None, wanted[0].request, waits)


def _joined(known: Sequence[Explanation]) -> Explanation:
    first = known[0]
    return replace(
        first,
        maps=tuple(m for e in known for m in e.maps),
        refused={name: why for e in known for name, why in e.refused.items()},
        identical=tuple(group for e in known for group in e.identical),
    )
