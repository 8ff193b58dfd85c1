"""Work in progress: what it does, how far it is, how long it takes, and a way to stop it."""

import time
from collections.abc import Callable, Sequence

import streamlit as st

from analysis.engine.jobs import Job, Jobs
from app.boundary import plain

PATIENCE = 0.7
"""Seconds that a page waits for quick work before it shows progress instead."""


def settled(jobs: Sequence[Job], patience: float = PATIENCE) -> bool:
    """Wait a little; whether all of it is over."""
    deadline = time.monotonic() + patience
    return all(job.wait(max(0.0, deadline - time.monotonic())) for job in jobs)


@st.fragment(run_every=0.5)
def watch(engine: Jobs, keys: Sequence[str], cancel: Callable[[str], None] | None = None) -> None:
    """Follow these jobs; draw the page anew whenever one of them ends. `cancel(key)` stops one."""

    def stop(key: str) -> None:
        engine.cancel(key)

    jobs = [job for key in keys if (job := engine.get(key)) is not None]
    if not jobs or not all(job.active for job in jobs):
        st.rerun()
    for job in jobs[:3]:
        left, right = st.columns([6, 1], vertical_alignment="bottom")
        left.progress(job.fraction, plain(_text(job)))
        right.button("Cancel", key=f"cancel.{job.key}", on_click=cancel or stop, args=(job.key,), width="stretch")
    if len(jobs) > 3:
        st.caption(f"and {len(jobs) - 3} more")


def _text(job: Job) -> str:
    if job.state == "queued":
        return f"{job.title}: waiting for its turn"
    left = job.seconds_left
    words = f"{job.title}: {job.message}" if job.message and job.message != job.title else job.title
    return words + (f", {_about(left)} left" if left is not None and job.seconds > 1 else "")


def _about(seconds: float) -> str:
    return f"about {seconds / 60:.0f} min" if seconds >= 90 else f"about {max(round(seconds), 1)} s"
