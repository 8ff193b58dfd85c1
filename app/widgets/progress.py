"""Work in progress: what it does, how far it is, how long it takes, and a way to stop it."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import streamlit as st

from analysis.engine.jobs import Job, Jobs
from app.boundary import guarded, plain

PATIENCE = 0.7
"""Seconds that a page waits for quick work before it shows progress instead."""


def settled(jobs: Sequence[Job], patience: float = PATIENCE) -> bool:
    """Wait a little; whether all of it is over."""
    deadline = time.monotonic() + patience
    return all(job.wait(max(0.0, deadline - time.monotonic())) for job in jobs)


@st.fragment(run_every=0.5)
def watch(
    engine: Jobs, keys: Sequence[str], cancel: Callable[[str], None] | None = None, stoppable: bool = True
) -> None:
    """Follow these jobs; draw the page anew whenever one of them ends. `cancel(key)` stops one."""

    @guarded
    def stop(keys: Sequence[str]) -> None:
        for key in keys:
            (cancel or engine.cancel)(key)

    jobs = [job for key in keys if (job := engine.get(key)) is not None]
    if not jobs or not all(job.active for job in jobs):
        st.rerun()
    first = next((job for job in jobs if job.state == "running"), jobs[0])
    waiting = f"; {len(jobs) - 1} more to come" if len(jobs) > 1 else ""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.progress(first.fraction, plain(text(first) + waiting))
    if not stoppable:
        return
    row.button("Cancel", key=f"cancel.{first.key}", on_click=stop, args=([first.key],))
    if len(jobs) > 1:
        row.button("Cancel all", key=f"cancel.all.{first.key}", on_click=stop, args=([job.key for job in jobs],))


class Shown(Protocol):
    """What can be said of a job: the job itself, or what is kept of it."""

    @property
    def title(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def seconds(self) -> float | None: ...
    @property
    def seconds_left(self) -> float | None: ...


def text(job: Shown) -> str:
    """What it does, how far it is, how long it takes."""
    if job.state == "queued":
        return f"{job.title}: waiting for its turn"
    words = job.title if not job.message or job.message in job.title else f"{job.title}: {job.message}"
    left = job.seconds_left
    return words + (f", {_about(left)} left" if left is not None and (job.seconds or 0) > 1 else "")


def _about(seconds: float) -> str:
    return f"about {seconds / 60:.0f} min" if seconds >= 90 else f"about {max(round(seconds), 1)} s"
