"""UMAP of the likeness, in a worker process: numba may end the process that it runs in."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from analysis.engine.jobs import Job
from analysis.types import Report
from app import resources
from app.boundary import plain
from app.recent import Recent
from app.robustness_choice import Subject
from app.widgets.progress import text
from app.widgets.robustness.similarity_numbers import Likeness

LANE = "io"
"""Whose worker is idle as a rule, also while a sweep is computed."""

FUNCTION = "analysis.robustness.similarity:umap_of"
LEAST = 4
"""Points that UMAP takes at least."""


@st.cache_resource(show_spinner=False)
def _memory() -> Recent[str, np.ndarray]:
    return Recent(64)


def umap(subject: Subject, found: Likeness) -> tuple[np.ndarray | None, str]:
    """The points (P, 2), or None and why: it is being computed, or cannot be."""
    from analysis.store.keys import digest

    if len(found.points) < LEAST:
        return None, f"UMAP takes {LEAST} points at least."
    key = "umap:" + digest(apart=found.apart.round(6).tolist())
    known = _memory().get(key)
    if known is not None:
        return known, ""
    job = resources.jobs().get(key)
    if job is None or job.state in ("cancelled", "interrupted", "done"):
        job = _submitted(key, found.apart)
    if job.error is not None:
        return None, f"UMAP: {job.error}"
    _follow(job)
    return None, "UMAP is being computed."


def _submitted(key: str, apart: np.ndarray) -> Job[None]:
    memory, worker = _memory(), resources.worker(LANE)

    def compute(report: Report) -> None:
        found = worker.call(FUNCTION, {"distances": apart.tolist(), "seed": 0}, report)
        memory.put(key, np.array(found["points"]))

    return resources.jobs().submit(key, f"UMAP of {len(apart)} points", compute, LANE)


@st.fragment(run_every=0.7)
def _follow(job: Job[Any]) -> None:
    """Draw the page anew once it has ended."""
    if not job.active:
        st.rerun()
    st.caption(plain(f"{text(job)} …"))
