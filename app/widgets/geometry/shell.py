"""The frame of the page: slim lines above, one view below, each part in a panel with a title and a question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import cast, get_args

import streamlit as st

from app.boundary import boundary
from app.geometry_choice import PAGE, Choice, Subject, View
from app.geometry_words import VIEWS
from app.widgets.geometry import picker

STYLE = """<style>
.stMainBlockContainer { padding: 3.4rem 1rem 0.4rem !important }
.stMainBlockContainer > [data-testid=stVerticalBlock] { gap: 0.4rem }
[class*=st-key-geometry-line] { gap: 0.5rem !important; row-gap: 0.25rem !important }
[class*=st-key-geometry-title] { gap: 0.35rem !important; min-height: 1.7rem; flex-wrap: nowrap !important }
[class*=st-key-geometry-panel] { padding: 0.4rem 0.6rem !important; gap: 0.35rem !important }
:is([class*=st-key-geometry-line], [class*=st-key-geometry-title]) button { min-height: 1.8rem !important;
  padding-block: 0 !important }
:is([class*=st-key-geometry-line], [class*=st-key-geometry-title]) .react-aria-ComboBox > [role=group] {
  height: 1.85rem; min-height: 0 }
:is([class*=st-key-geometry-line], [class*=st-key-geometry-title]) input { padding-block: 0 !important;
  font-size: 0.85rem; height: 1.75rem }
:is([class*=st-key-geometry-line], [class*=st-key-geometry-title]) p { font-size: 0.85rem; margin: 0 }
:is([class*=st-key-geometry-line], [class*=st-key-geometry-title]) :is([data-testid=stMarkdownContainer],
  [data-testid=stCaptionContainer]) { margin-bottom: 0 !important }
[class*=st-key-geometry-title] [data-testid=stCaptionContainer] p { white-space: nowrap; text-overflow: ellipsis;
  overflow: hidden }
[class*=st-key-geometry-told] { gap: 0.2rem !important; border-bottom: 1px solid rgba(128,128,128,0.18);
  padding-bottom: 0.3rem; flex-wrap: nowrap !important }
[class*=st-key-geometry-told] p { font-size: 0.86rem; line-height: 1.35; margin: 0 }
[class*=st-key-geometry-told] [data-testid=stMarkdownContainer] { margin-bottom: 0 !important }
[class*=st-key-geometry-told] button { min-height: 1.2rem !important; padding: 0 !important }
</style>"""

AT_A_LAYER: tuple[View, ...] = ("spectrum",)
"""Views of one layer, which is chosen in the line above them; others choose theirs among their own controls."""


def views(subject: Subject) -> Choice:
    """Which view is open, and of views of one layer which layer; the choice that this shows."""
    choice = subject.choice
    with st.container(horizontal=True, vertical_alignment="center", key="geometry-line-views"):
        key = PAGE.seed("view", choice.view)
        view = st.segmented_control(
            "View", get_args(View), format_func=lambda v: VIEWS[v][0], key=key, required=True,
            label_visibility="collapsed",
        )  # fmt: skip
        shown = cast("View", view or "overview")
        st.caption(VIEWS[shown][1], width="stretch")
        if shown in AT_A_LAYER:
            with boundary():
                picker.tap_line(subject)
    return replace(choice, view=shown)


def section(subject: Subject) -> None:
    """Draw the open view; a view's module is imported when it is first opened. What goes wrong in it stays in it."""
    import pandas  # noqa: F401  # the engine may be importing it: plotly must not find half of it

    with boundary():
        import_module(f"app.widgets.geometry.{subject.choice.view}").section(subject)


@contextmanager
def panel(name: str, title: str, question: str, height: int | None = None) -> Iterator[None]:
    """A bordered part with its title; what goes wrong in it stays in it."""
    with st.container(border=True, height=height or "content", key=f"geometry-panel-{name}"):
        with st.container(horizontal=True, vertical_alignment="center", key=f"geometry-title-{name}"):
            st.markdown(f"**{title}**", width="content")
            st.caption(question, width="stretch")
        with boundary():
            yield
