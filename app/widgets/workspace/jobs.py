"""All work, live: what runs and what waits, with its progress; what is over, and how it ended."""

from __future__ import annotations

import streamlit as st

from analysis.pipelines.job_view import JobView
from app import resources, words
from app.boundary import guarded, plain
from app.widgets.progress import text
from app.workspace_choice import Choice

POLL_SECONDS = 0.7
MOST = 50
ICONS = {
    "done": ":green[:material/check_circle:]",
    "failed": ":red[:material/error:]",
    "cancelled": ":gray[:material/cancel:]",
    "queued": ":gray[:material/schedule:]",
    "running": ":blue[:material/progress_activity:]",
    "interrupted": ":gray[:material/pause_circle:]",
}


def section(choice: Choice) -> Choice:
    """Draw both, again and again."""
    _live()
    return choice


@st.fragment(run_every=POLL_SECONDS)
def _live() -> None:
    views = resources.work().jobs()
    active = sorted((v for v in views if v.active), key=lambda v: (v.state != "running", v.submitted_at))
    over = [v for v in views if not v.active]
    if not views:
        st.markdown("#### No work yet")
        st.markdown("Imports, passes and trainings appear here, and go on after a restart of the server.")
        return
    for view in active:
        _under_way(view)
    if not active:
        st.caption("Nothing runs now.")
    if over:
        row = st.container(horizontal=True, vertical_alignment="center")
        row.markdown("**What is over**", width="stretch")
        row.button("Clear the list", type="tertiary", key="workspace.jobs.clear", on_click=guarded(_clear))
    for view in over[:MOST]:
        _ended(view)
    if len(over) > MOST:
        st.caption(f"and {len(over) - MOST:,} older ones")


def _under_way(view: JobView) -> None:
    with st.container(border=True):
        row = st.container(horizontal=True, vertical_alignment="center")
        row.progress(view.fraction, f"{ICONS[view.state]} {plain(text(view))}", width="stretch")
        row.button("Cancel", key=f"workspace.cancel.{view.key}", on_click=guarded(_cancel), args=(view.key,))


def _ended(view: JobView) -> None:
    title, said, times, again = st.columns([5, 6, 3, 1], vertical_alignment="center")
    title.markdown(f"{ICONS[view.state]} {plain(view.title)}")
    said.caption(plain(view.message) if view.state == "failed" else view.state)
    took = "" if view.seconds is None or view.state == "cancelled" else f"{words.seconds(view.seconds)} · "
    times.caption(took + words.when(view.finished_at))
    if view.state != "done":
        again.button("Retry", key=f"workspace.retry.{view.key}", on_click=guarded(_retry), args=(view.key,))


def _cancel(key: str) -> None:
    resources.work().cancel(key)


def _retry(key: str) -> None:
    resources.work().retry(key)


def _clear() -> None:
    resources.work().clear_finished()
