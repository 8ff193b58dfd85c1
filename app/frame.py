"""What all pages share: which there are, how one links to another, and the line that says what is being worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from app import resources
from app.boundary import boundary, plain

if TYPE_CHECKING:
    from analysis.pipelines.job_view import JobView

INDICATOR, OVER = "indicator", "frame.over"
POLL_SECONDS = 1.5

STYLE = """<style>
/* Maps need the room that Streamlit's wide layout leaves empty at both sides and above. */
.stMainBlockContainer, [data-testid=stBottomBlockContainer] { padding-inline: 2rem !important }
.stMainBlockContainer { padding-top: 3.7rem !important }
[data-testid=stHeader] { height: 3.2rem; min-height: 3.2rem }
[data-testid=stTopNav] { margin-left: 1rem }
/* A message that comes in above what is on show must not be scrolled away by the browser. */
[data-testid=stMain] { overflow-anchor: none }
/* What is being worked on is said in the header, and takes no room on the page. */
.st-key-indicator { position: fixed; top: 0.5rem; right: 6rem; width: auto !important; z-index: 999991 }
.st-key-indicator > div { width: auto !important }
.st-key-indicator [data-testid=stIconMaterial] { animation: cutaway-turn 1.6s linear infinite }
@keyframes cutaway-turn { to { transform: rotate(360deg) } }
@media (prefers-reduced-motion: reduce) { .st-key-indicator [data-testid=stIconMaterial] { animation: none } }
</style>"""


def pages() -> dict[str, StreamlitPage]:
    """The pages by their place in the address, in the order of the navigation."""
    from app.views import explain, samples, workspace

    return {
        "explain": st.Page(explain.page, title="Explain", url_path="explain", default=True),
        "samples": st.Page(samples.page, title="Samples", url_path="samples"),
        "workspace": st.Page(workspace.page, title="Workspace", url_path="workspace"),
    }


def link(name: str, label: str, icon: str | None = None, **query: str) -> None:
    """A link to a page that opens with these choices."""
    st.page_link(pages()[name], label=label, icon=icon, query_params=query or None)


def indicator(refreshing: bool) -> None:
    """Draw what is being worked on, at the right of the header; it stays up to date only while there is work.

    refreshing: draw the page anew once something has ended, because it may show what that made.
    """
    with boundary():
        _told()
        active = _active()
        with st.container(key=INDICATOR):
            st.fragment(_working, run_every=POLL_SECONDS if active else None)({v.key for v in active}, refreshing)


def _active() -> list[JobView]:
    """What runs, then what waits, in the order of the queue."""
    views = [view for view in resources.work().jobs() if view.active]
    return sorted(views, key=lambda view: (view.state != "running", view.submitted_at))


def _working(before: set[str], refreshing: bool) -> None:
    active = _active()
    over = before - {view.key for view in active}
    if over:
        st.session_state.setdefault(OVER, set()).update(over)
        if refreshing:
            st.rerun()
    if active:
        words = f"{len(active)} jobs" if len(active) > 1 else "1 job"
        link("workspace", f"{words} · {active[0].fraction:.0%}", ":material/progress_activity:", tab="jobs")


def _told() -> None:
    """Say how work has ended that this session saw begin."""
    keys = st.session_state.pop(OVER, set())
    for view in resources.work().jobs() if keys else ():
        if view.key in keys and view.state == "failed":
            st.toast(plain(f"{view.title}: {view.message}"), icon=":material/error:", duration="long")
        elif view.key in keys and view.state == "done":
            st.toast(plain(f"{view.title}: done"), icon=":material/check_circle:")
