"""A sweep that runs: how far it is, and its cells taken in as they come, so that the views fill."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from analysis.pipelines.job_view import JobView
from analysis.sweeps import SweepRecord
from app import frame, resources, words
from app.boundary import boundary, guarded, plain
from app.robustness_choice import PAGE, SHORT
from app.widgets.progress import text

KIND = "sweep"
POLL_SECONDS = 1.5
APART_SECONDS = 4.0
"""Between two drawings of the whole page while a sweep fills: whoever looks at a view must not be disturbed by each."""


def running() -> list[JobView]:
    """Sweeps under way, the one that runs first."""
    views = [view for view in resources.work().jobs() if view.active and view.kind == KIND]
    return sorted(views, key=lambda view: (view.state != "running", view.submitted_at))


def asked_for(view: JobView) -> str:
    """The id of the sweep that a job makes."""
    return str(view.arguments.get("sweep_id", ""))


def section(sweep: SweepRecord | None) -> None:
    """Follow what runs, and say why a sweep failed, until that is dismissed."""
    active = running()
    if active:
        drawn = {asked_for(view): _filled(asked_for(view)) for view in active}
        st.fragment(_follow, run_every=POLL_SECONDS)(drawn, sweep.sweep_id if sweep else "", time.monotonic())
    if sweep is not None and sweep.sweep_id not in map(asked_for, active):
        _stopped(sweep)
    for view in frame.ended():
        if view.kind == KIND and view.state == "failed":
            row = st.container(horizontal=True, vertical_alignment="center")
            row.error(plain(f"{view.title}: {view.message}"), icon=":material/info:", width="stretch")
            row.button(
                "Dismiss", key=f"robustness.dismiss.{view.key}", on_click=guarded(frame.dismiss), args=(view.key,)
            )


def _stopped(sweep: SweepRecord) -> None:
    """Where a sweep ended before its time: say so, and offer to go on."""
    done, wanted = sum(_filled(sweep.sweep_id)), len(sweep.members) * len(sweep.conditions)
    if done >= wanted:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="robustness-line-stopped"):
        st.caption(f"Stopped: {done:,} of {wanted:,} cells are there.", width="content")
        last = next((v for v in resources.work().jobs() if v.kind == KIND and asked_for(v) == sweep.sweep_id), None)
        if last is not None:
            icon = ":material/play_arrow:"
            st.button("Go on", icon=icon, key="robustness.go_on", on_click=guarded(_go_on), args=(last.key,))


def _go_on(key: str) -> None:
    resources.work().retry(key)


def _follow(drawn: dict[str, tuple[int, int]], shown: str, since: float) -> None:
    """A line for each sweep under way; the page is drawn anew when there are new cells of the one that is shown."""
    with boundary():
        active = running()
        _take_in(active)
        ended = {asked_for(view) for view in active} != set(drawn)
        fresh = _filled(shown) != drawn[shown] if shown in drawn else _new(active, drawn)
        first = not shown and fresh
        if ended or first or (fresh and time.monotonic() - since > APART_SECONDS):
            st.rerun()
        for view in active:
            _line(view, shown)


def _new(active: Sequence[JobView], drawn: dict[str, tuple[int, int]]) -> bool:
    """Whether one has come into the store that was not there yet."""
    return any(sum(drawn.get(i, (0, 0))) == 0 < sum(_filled(i)) for i in map(asked_for, active))


def take_in() -> None:
    """Take the cells that are there of what runs."""
    _take_in(running())


def _take_in(active: Sequence[JobView]) -> None:
    for view in active:
        if view.state == "running":
            from analysis.pipelines import sweep

            sweep.take_in(resources.store(), resources.settings().workspace, asked_for(view))


def _filled(sweep_id: str) -> tuple[int, int]:
    return resources.store().sweeps.filled(sweep_id)


def _line(view: JobView, shown: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"robustness-line-{view.key[:8]}"):
        done, failed = _filled(asked_for(view))
        cells = words.plural(done, "cell") + (f", {failed} failed" if failed else "")
        st.progress(view.fraction, plain(f"{text(view)} · {cells} in the table" if done + failed else text(view)))
        if asked_for(view) != shown and done:
            st.button("Show", key=f"robustness.show.{view.key}", on_click=guarded(_show), args=(asked_for(view),))
        st.button("Cancel", key=f"robustness.cancel.{view.key}", on_click=guarded(_cancel), args=(view.key,))


def _show(sweep_id: str) -> None:
    PAGE.change(sweep=sweep_id[:SHORT], members=(), a="", at="", b="", bt="", selection="", sample=None)


def _cancel(key: str) -> None:
    resources.work().cancel(key)
