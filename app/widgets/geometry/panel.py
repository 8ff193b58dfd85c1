"""A bordered part of a view with a short title and a quiet question; what goes wrong in it stays in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app.boundary import boundary

STYLE = """<style>
[class*=st-key-geometry-panel] { padding: 0.35rem 0.65rem 0.45rem !important; gap: 0.3rem !important }
[class*=st-key-geometry-title] { gap: 0.4rem !important; min-height: 1.9rem; flex-wrap: nowrap !important }
[class*=st-key-geometry-title] p { font-size: 0.88rem; margin: 0 }
[class*=st-key-geometry-title] [data-testid=stCaptionContainer] p { white-space: nowrap; text-overflow: ellipsis;
  overflow: hidden }
[class*=st-key-geometry-title] :is([data-testid=stMarkdownContainer], [data-testid=stCaptionContainer]) {
  margin-bottom: 0 !important }
:is([class*=st-key-geometry-row], [class*=st-key-geometry-title]) button { min-height: 1.8rem !important;
  padding-block: 0 !important }
:is([class*=st-key-geometry-row], [class*=st-key-geometry-title]) .react-aria-ComboBox > [role=group] {
  height: 1.85rem; min-height: 0 }
:is([class*=st-key-geometry-row], [class*=st-key-geometry-title]) input { padding-block: 0 !important;
  font-size: 0.85rem; height: 1.75rem }
[class*=st-key-geometry-panel] [data-testid=stCaptionContainer] { margin-bottom: 0 !important }
</style>"""


def row(name: str):
    """A line of controls."""
    return st.container(horizontal=True, vertical_alignment="center", key=f"geometry-row-{name}")


@contextmanager
def panel(name: str, title: str, question: str, help: str | None = None) -> Iterator[None]:
    """Draw a part; its own controls are the first thing inside, if any."""
    with st.container(border=True, key=f"geometry-panel-{name}"):
        with st.container(horizontal=True, vertical_alignment="center", key=f"geometry-title-{name}"):
            st.markdown(f"**{title}**", width="content", help=help)
            st.caption(question, width="stretch")
        with boundary():
            yield
