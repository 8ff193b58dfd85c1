"""The frame of the page: which view is open, and the six views on one screen, each in a panel of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType

import streamlit as st

from app.boundary import boundary, guarded
from app.robustness_choice import PAGE, Choice, Room, Subject, View
from app.widgets.robustness import (
    attribution,
    corruptions,
    curves,
    downloads,
    findings,
    fourier,
    global_,
    keeping,
    local,
    new,
    notes,
    samples,
    similarity,
    table,
)

STYLE = """<style>
/* Six views on one screen: everything above them is slim, panels keep their paddings small. */
.stMainBlockContainer { padding: 3.4rem 1rem 0.4rem !important }
.stMainBlockContainer > [data-testid=stVerticalBlock] { gap: 0.4rem }
[class*=st-key-robustness-line] { gap: 0.5rem !important; row-gap: 0.25rem !important }
[class*=st-key-robustness-title] { gap: 0.35rem !important; min-height: 1.7rem; flex-wrap: nowrap !important }
[class*=st-key-robustness-panel] { padding: 0.3rem 0.6rem 0.4rem !important; gap: 0.25rem !important }
:is([class*=st-key-robustness-line], [class*=st-key-robustness-title]) button { min-height: 1.8rem !important;
  padding-block: 0 !important }
:is([class*=st-key-robustness-line], [class*=st-key-robustness-title]) .react-aria-ComboBox > [role=group] {
  height: 1.85rem; min-height: 0 }
:is([class*=st-key-robustness-line], [class*=st-key-robustness-title]) input { padding-block: 0 !important;
  font-size: 0.85rem; height: 1.75rem }
:is([class*=st-key-robustness-line], [class*=st-key-robustness-title]) p { font-size: 0.85rem; margin: 0 }
:is([class*=st-key-robustness-line], [class*=st-key-robustness-title]) :is([data-testid=stMarkdownContainer],
  [data-testid=stCaptionContainer]) { margin-bottom: 0 !important }
[class*=st-key-robustness-title] [data-testid=stCaptionContainer] p { white-space: nowrap; text-overflow: ellipsis;
  overflow: hidden }
</style>"""


@dataclass(frozen=True, slots=True)
class Panel:
    """A view: what it is called, what it answers, who draws it."""

    title: str
    brief: str
    question: str
    module: ModuleType


PANELS: dict[View, Panel] = {
    "table": Panel("Evaluation table", "Table", "which method, how sparse, which corruption?", table),
    "similarity": Panel("Geometric similarity", "Similarity", "who is alike, what is redundant?", similarity),
    "local": Panel("Local geometry", "Local", "how did features move?", local),
    "global": Panel("Global geometry", "Global", "towards which classes?", global_),
    "attribution": Panel("Geometric attribution", "Attribution", "which pixels?", attribution),
    "samples": Panel("Samples", "Samples", "what do these have in common?", samples),
    "curves": Panel("Corruption curves", "Curves", "how fast does it fall with severity?", curves),
    "corruptions": Panel("Corruptions", "Corruptions", "what do they look like?", corruptions),
    "fourier": Panel("Fourier heat map", "Fourier", "which frequencies do harm?", fourier),
    "findings": Panel("Findings", "Findings", "which claims hold here?", findings),
}
ROWS: tuple[tuple[int, tuple[tuple[View, float], ...]], ...] = (
    (392, (("table", 60), ("similarity", 40))),
    (338, (("local", 27), ("global", 28), ("attribution", 18), ("samples", 27))),
)
"""Of the six: a row's height in pixels; its views and how wide they are to each other."""


def top(subject: Subject) -> Choice:
    """Which view is open; what is started, explained and taken away from here."""
    choice = subject.choice
    names: dict[View, str] = {"all": "All six", **{view: panel.brief for view, panel in PANELS.items()}}
    with st.container(horizontal=True, vertical_alignment="center", key="robustness-line-top"):
        key = PAGE.seed("view", choice.view)
        view = st.segmented_control(
            "View", names, format_func=names.__getitem__, key=key, required=True, label_visibility="collapsed"
        )
        st.space("stretch")
        with boundary():
            new.button()
        with boundary():
            keeping.button(subject.sweep)
        with boundary():
            downloads.button(subject)
        with boundary():
            notes.button(subject)
    return replace(choice, view=view or "all")


def views(subject: Subject) -> Choice:
    """All six, or the one that is open; the choice that they show."""
    choice = subject.choice
    if choice.view != "all":
        return _panel(subject, choice.view, "large", None)
    for height, row in ROWS:
        places = st.columns([wide for _, wide in row], gap="xxsmall")
        for (view, _), place in zip(row, places, strict=True):
            with place:
                choice = _panel(replace(subject, choice=choice), view, "small", height)
    return choice


def _panel(subject: Subject, view: View, room: Room, height: int | None) -> Choice:
    """One view with its title; what goes wrong in it stays in it."""
    panel, choice = PANELS[view], subject.choice
    with st.container(border=True, height=height or "content", key=f"robustness-panel-{view}"):
        with st.container(horizontal=True, vertical_alignment="center", key=f"robustness-title-{view}"):
            st.markdown(f"**{panel.title}**", width="content")
            st.caption(panel.question, width="stretch")
            with boundary():
                if controls := getattr(panel.module, "controls", None):
                    choice = controls(replace(subject, choice=choice), room)
            _resize(view, room)
        with boundary():
            choice = panel.module.section(replace(subject, choice=choice), room)
    return choice


def _resize(view: View, room: Room) -> None:
    large = room == "large"
    st.button(
        ":material/close_fullscreen:" if large else ":material/open_in_full:",
        key=f"robustness.resize.{view}",
        type="tertiary",
        help="Back to all six views" if large else f"{PANELS[view].title} alone",
        on_click=guarded(_open),
        args=("all" if large else view,),
    )


def _open(view: View) -> None:
    PAGE.change(view=view)
