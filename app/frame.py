"""What all pages share: which there are, how one links to another, and the line that says what is being worked on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from app import resources
from app.boundary import boundary, guarded, plain
from app.workspace_choice import PAGE

if TYPE_CHECKING:
    from analysis.pipelines.job_view import JobView

INDICATOR, SEEN, ENDED = "indicator", "frame.seen", "frame.ended"
MOST_ENDED = 20
REFRESHED = ("embeddings", "geometry", "robustness", "samples", "variants", "workspace")
POLL_SECONDS = 1.5

STYLE = """<style>
/* Maps need the room that Streamlit's wide layout leaves empty at both sides and above. */
.stMainBlockContainer, [data-testid=stBottomBlockContainer] { padding-inline: 2rem !important }
.stMainBlockContainer { padding-top: 3.7rem !important }
[data-testid=stHeader] { height: 3.2rem; min-height: 3.2rem }
[data-testid=stTopNav] { margin-left: 1rem }
/* A message that comes in above what is on show must not be scrolled away by the browser. */
[data-testid=stMain] { overflow-anchor: none }
/* Six variants on show are all seen. */
[data-testid=stSidebar] :has(> [data-testid=stMultiSelectTagsContainer]) { max-height: none }
/* What is being worked on is said in the header, and takes no room on the page. */
.st-key-indicator { position: fixed; top: 0.75rem; right: 2rem; width: auto !important; z-index: 999991 }
.st-key-indicator > div { width: auto !important }
.st-key-indicator [data-testid=stIconMaterial] { animation: cutaway-turn 1.6s linear infinite }
@keyframes cutaway-turn { to { transform: rotate(360deg) } }
@media (prefers-reduced-motion: reduce) { .st-key-indicator [data-testid=stIconMaterial] { animation: none } }
</style>"""


def pages() -> dict[str, StreamlitPage]:
    """The pages by their place in the address, in the order of the navigation."""
    from app.views import embeddings, explain, geometry, robustness, samples, variants, workspace

    return {
        "explain": st.Page(explain.page, title="Explain", url_path="explain", default=True),
        "variants": st.Page(variants.page, title="Variants", url_path="variants"),
        "robustness": st.Page(robustness.page, title="Robustness", url_path="robustness"),
        "embeddings": st.Page(embeddings.page, title="Embeddings", url_path="embeddings"),
        "geometry": st.Page(geometry.page, title="Geometry", url_path="geometry"),
        "samples": st.Page(samples.page, title="Samples", url_path="samples"),
        "workspace": st.Page(workspace.page, title="Workspace", url_path="workspace"),
    }


def link(name: str, label: str, icon: str | None = None, **query: str) -> None:
    """A link to a page that opens with these choices."""
    st.page_link(pages()[name], label=label, icon=icon, query_params=query or None)


def submit(kind: str, arguments: Mapping[str, Any], title: str) -> NoReturn:
    """Start work that this session will hear of (see `pipelines.work`), and draw the page anew."""
    submit_all(kind, [(arguments, title)])


def submit_all(kind: str, asked: Sequence[tuple[Mapping[str, Any], str]]) -> NoReturn:
    """The same for several jobs of one kind, each as (arguments, title)."""
    for arguments, title in asked:
        job = resources.work().submit(kind, arguments, title)
        st.session_state.setdefault(SEEN, set()).add(job.key)
    st.rerun()


def hear() -> None:
    """Before the page is drawn: say how work has ended that this session saw."""
    with boundary():
        _hear(_active())


def ended() -> list[JobView]:
    """The work that ended while this session saw it, the latest first."""
    keys = st.session_state.get(ENDED, [])
    return [view for view in resources.work().jobs() if view.key in keys and not view.active]


def dismiss(key: str) -> None:
    """Say no more of work that has ended."""
    st.session_state[ENDED] = [k for k in st.session_state.get(ENDED, []) if k != key]


def indicator(shown: str) -> None:
    """Draw what is being worked on, at the right of the header; it stays up to date only while there is work.

    `shown` is the page: all but Explain are drawn anew once something has ended, because they may show what that made.
    """
    with boundary():
        active = _active()
        st.session_state[SEEN] = st.session_state.get(SEEN, set()) | {view.key for view in active}
        with st.container(key=INDICATOR):
            st.fragment(_working, run_every=POLL_SECONDS if active else None)(shown)


def _working(shown: str) -> None:
    active = _active()
    if st.session_state[SEEN] - {view.key for view in active} and shown in REFRESHED:
        st.rerun()
    _hear(active)
    if not active:
        return
    words = f"{len(active)} jobs" if len(active) > 1 else "1 job"
    label, icon = f"{words} · {active[0].fraction:.0%}", ":material/progress_activity:"
    if shown == "workspace":  # a link to the page that is shown would not change its address
        st.button(label, icon=icon, type="tertiary", key="frame.jobs", on_click=guarded(_to_jobs))
    else:
        link("workspace", label, icon, tab="jobs")


def _to_jobs() -> None:
    PAGE.change(tab="jobs")


def _hear(active: Sequence[JobView]) -> None:
    """Say how work has ended that this session saw."""
    now = {view.key for view in active}
    over = st.session_state.get(SEEN, set()) - now
    st.session_state[SEEN] = now
    if not over:
        return
    st.session_state[ENDED] = [*over, *st.session_state.get(ENDED, [])][:MOST_ENDED]
    for view in ended():
        if view.key in over and view.state in ("done", "failed"):
            words = view.message if view.state == "failed" else "done"
            icon = ":material/error:" if view.state == "failed" else ":material/check_circle:"
            st.toast(plain(f"{view.title}: {words}"), icon=icon, duration="long")


def _active() -> list[JobView]:
    """What runs, then what waits, in the order of the queue."""
    views = [view for view in resources.work().jobs() if view.active]
    return sorted(views, key=lambda view: (view.state != "running", view.submitted_at))
