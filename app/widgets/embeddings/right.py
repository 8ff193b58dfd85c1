"""What stands beside the panes: pictures, classes, confusion, clusters, neighbours, and pictures of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import cast, get_args

import streamlit as st

from app.boundary import boundary
from app.embeddings_choice import PAGE, Choice, Subject, View
from app.widgets.embeddings import place, uploaded
from app.widgets.embeddings.panes import UploadMark

VIEWS: dict[View, str] = {
    "images": "Images",
    "classes": "Classes",
    "confusion": "Confusion",
    "clusters": "Clusters",
    "neighbours": "Neighbours",
    "place": "Place",
}
STYLE = """<style>
.st-key-embeddings-views { gap: 0 !important }
.st-key-embeddings-views button { padding: 0 0.5rem !important; min-height: 1.8rem }
.st-key-embeddings-views button p { font-size: 0.82rem }
.st-key-embeddings-beside { gap: 0.6rem }
.st-key-embeddings-beside :is(table, [data-testid=stTable]) { font-size: 0.78rem }
.st-key-embeddings-beside :is(th, td) { padding: 2px 6px !important; font-variant-numeric: tabular-nums }
.st-key-embeddings-beside [data-testid=stMarkdownContainer] p { font-size: 0.87rem }
.st-key-embeddings-beside :is([data-testid=stButton], [data-testid=stPopover]) button {
  min-height: 1.85rem; padding: 0 0.6rem }
.st-key-embeddings-beside [data-testid=stCaptionContainer] p { font-size: 0.8rem; margin: 0 }
.st-key-embeddings-beside :is([data-testid=stMarkdownContainer], [data-testid=stCaptionContainer]) {
  margin-bottom: 0 !important }
.st-key-embeddings-beside [data-testid=stMarkdownContainer] p { margin-bottom: 0.1rem }
.st-key-embeddings-beside [data-testid=stWidgetLabel] { min-height: 0; margin-bottom: 0.1rem }
.st-key-embeddings-beside [data-testid=stWidgetLabel] p { font-size: 0.8rem }
.st-key-embeddings-beside .react-aria-ComboBox > [role=group] { height: 1.9rem; min-height: 0 }
.st-key-embeddings-beside [data-testid=stNumberInputContainer] { height: 1.9rem; min-height: 0 }
.st-key-embeddings-beside input { padding-block: 0 !important; font-size: 0.85rem; height: 1.8rem }
.st-key-embeddings-beside [data-testid=stVerticalBlock] { gap: 0.5rem }
</style>"""


def section(subject: Subject) -> Choice:
    """The view that is chosen; the choice with it. What goes wrong in it stays in it."""
    st.html(STYLE)
    with st.container(key="embeddings-views"):
        key = PAGE.seed("view", subject.choice.view)
        view = st.segmented_control(
            "Beside the panes", get_args(View), format_func=VIEWS.__getitem__, key=key, required=True,
            label_visibility="collapsed",
        )  # fmt: skip
    choice = replace(subject.choice, view=cast("View", view or "images"))
    with st.container(key="embeddings-beside"), boundary():
        _drawn(choice.view)(replace(subject, choice=choice))
        if choice.view not in ("place", "neighbours") and uploaded.pictures():
            place.progress(subject)
    return choice


def uploads(subject: Subject) -> list[UploadMark]:
    """The user's own pictures in the panes, as far as their places are known; what is not, is asked for."""
    return uploaded.marks(subject)


def _drawn(view: View) -> Callable[[Subject], None]:
    """Only what is shown is imported."""
    return import_module(f"app.widgets.embeddings.{view}").section
