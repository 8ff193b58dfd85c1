"""Corruption curves: a score by severity, a line a variant; all corruptions small or one of them large."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from analysis.sweeps import SweepRecord
from app import sweep_numbers
from app.boundary import guarded
from app.evaluation import SHARES, every_cell, offered, ordered
from app.evaluation_order import by_family
from app.figures.variant_colours import families
from app.robustness_choice import HEIGHT, PAGE, Choice, Room, Subject
from app.robustness_words import SCORES, corruption, family, family_label

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from app.figures.robustness_curves import Line

CHART = "robustness.curves"
ALL = "all corruptions"


def controls(subject: Subject, room: Room) -> Choice:
    """Which corruption, which score."""
    choice, sweep = subject.choice, subject.sweep
    names = ["", *ordered(sweep.corruptions)]
    key = PAGE.seed("curves_of", choice.curve if choice.curve in names else "", names)
    curve = st.selectbox(
        "Corruption", names, key=key, format_func=lambda n: corruption(n) if n else ALL, width=200,
        label_visibility="collapsed",
    )  # fmt: skip
    scores = offered(sweep_numbers.cells(sweep))
    key = PAGE.seed("curves_score", choice.score if choice.score in scores else "accuracy", scores)
    score = st.selectbox(
        "Score", scores, key=key, format_func=lambda n: SCORES.get(n, n), width=170, label_visibility="collapsed"
    )
    return replace(choice, curve=curve or "", score=score or "accuracy")


def section(subject: Subject, room: Room) -> Choice:
    """Draw the curves."""
    choice, sweep = subject.choice, subject.sweep
    if not sweep.corruptions:
        st.caption("This sweep has clean images only, so there is no severity to follow.")
        return choice
    shown = [choice.curve] if choice.curve in sweep.corruptions else ordered(sweep.corruptions)
    figure = _figure(subject, shown, room)
    st.plotly_chart(
        figure, key=f"{CHART}.{choice.curve}", on_select=lambda: _picked(sweep, shown, choice.curve),
        selection_mode="points", config={"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
    )  # fmt: skip
    _remarks(subject, figure)
    return choice


def _figure(subject: Subject, shown: list[str], room: Room) -> go.Figure:
    import pandas  # noqa: F401  # the engine may be importing it: plotly must not find half of it

    from app.figures.robustness_curves import Scale, multiples, single

    choice, dark = subject.choice, st.context.theme.type == "dark"
    lines = _lines(subject, shown)
    scale = Scale(SCORES.get(choice.score, choice.score), choice.score in SHARES)
    titles = [corruption(name) for name in shown]
    if len(shown) == 1:
        return single(lines, titles[0], scale, dark=dark, height=HEIGHT[room])
    return multiples(lines, titles, scale, dark=dark, height=HEIGHT[room])


def _lines(subject: Subject, shown: list[str]) -> list[Line]:
    from app.figures.robustness_curves import Line

    sweep, score = subject.sweep, subject.choice.score
    counted = sweep_numbers.counted(sweep, score, subject.selected)
    found = every_cell(sweep, score, sweep_numbers.cells(sweep), counted)
    places = np.array([[_place(sweep, name, severity) for severity in range(6)] for name in shown])
    colours = families([family(m) for m in sweep.members])
    made = []
    for i in by_family(sweep, subject.members):
        member = subject.members[i]
        own = family(sweep.members[member])
        values, low, high = (np.where(places >= 0, each[member][places], np.nan) for each in found)
        made.append(Line(sweep.members[member].name, family_label(own), colours[own], values, low, high))
    return made


def _place(sweep: SweepRecord, name: str, severity: int) -> int:
    """Of a condition; -1 where it is not in the sweep."""
    if severity == 0:
        return 0
    return next(iter(sweep.places(name, severity)), -1)


def _remarks(subject: Subject, figure: go.Figure) -> None:
    left, right = st.columns([5, 1], vertical_alignment="center")
    said = ["A click on a point makes it the representation on show, a."]
    if subject.selected is not None:
        said.append(f"Counted over the {len(subject.selected):,} selected, without intervals.")
    left.caption(" ".join(said))
    right.download_button(
        "Figure (HTML)", lambda: _page(figure), "cutaway-curves.html", "text/html", icon=":material/download:",
        on_click="ignore", key="robustness.curves.html", type="tertiary",
    )  # fmt: skip


def _page(figure: go.Figure) -> str:
    return figure.update_layout(template="plotly_white").to_html(include_plotlyjs=True, config={"displaylogo": False})


@guarded
def _picked(sweep: SweepRecord, shown: list[str], curve: str) -> None:
    """A click on a point."""
    event: Any = st.session_state.get(f"{CHART}.{curve}")
    points = event["selection"]["points"] if event else []
    if not points:
        return
    name, severity, *rest = points[0]["customdata"]
    condition = sweep.conditions[_place(sweep, shown[rest[0] if rest else 0], int(severity))]
    PAGE.change(a=str(name), at=condition.name)
