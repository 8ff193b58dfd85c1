"""Local geometry: angle against length of every sample under two representations, and how each sample moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from app import linked
from app import robustness_words as named
from app import words as said
from app.boundary import guarded, plain
from app.figures.robustness_local import ARROWS, VECTOR, Cloud, Titles, arrows, changes
from app.robustness_choice import HEIGHT, PAGE, Choice, Room, Subject
from app.widgets.robustness.local_classes import classes
from app.widgets.robustness.local_lasso import enclosed
from app.widgets.robustness.local_rows import Rows, absent, rows

WORDS = "lasso in Local geometry"
CHART = "robustness.local.chart"
BESIDE: dict[Room, int] = {"small": 24, "large": 140}
"""Pixels of the lines above and below the plot."""
NOT_LINEAR = (
    "{names}: the head is not one linear map, so there is neither an angle to a class nor a length that acts on the "
    "logits. Confidence against loss is shown instead."
)
HELP = (
    "The features that the last layer reads, one point a sample. Angle: to the true class's weights, small is good. "
    "Length: of the features; it sharpens the softmax, whichever class wins. Representation a is drawn filled, b "
    "hollow. Draw a lasso around points of a, or click one, to select samples in all views."
)
_DRAWN = {"arrows": "Arrows from a to b", "change": "Change from a to b"}
_CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["zoomIn2d", "zoomOut2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "png", "filename": "cutaway-local-geometry", "scale": 2},
}


def controls(subject: Subject, room: Room) -> Choice:
    """In the title line of a small panel: a button that opens the widgets."""
    if room == "large":
        return subject.choice
    count = len(subject.choice.classes)
    with st.popover(
        f":material/tune: {count or 'all'} classes" if count != 1 else ":material/tune: 1 class", help=HELP
    ):
        return _widgets(subject, hidden=True)


def section(subject: Subject, room: Room) -> Choice:
    """Draw it; the choice that it shows."""
    choice = subject.choice
    if room == "large":
        st.caption(HELP)
        choice = _widgets(subject, hidden=False)
    subject = replace(subject, choice=choice)
    a, b = rows(subject, subject.a), rows(subject, subject.b)
    lacking = [absent(subject, found.place) for found in (a, b) if not found.there]
    if lacking:
        st.info(plain(" ".join(dict.fromkeys(lacking))), icon=":material/info:")
    if a.there:
        _plot(subject, a, b if b.there else a, room)
    return choice


def _widgets(subject: Subject, *, hidden: bool) -> Choice:
    """hidden: they are in a popover, so that what is set there must be a default."""
    choice = subject.choice
    value = choice.drawn if choice.drawn in _DRAWN else "arrows"
    key, usual = PAGE.start("local.drawn.small", value) if hidden else (PAGE.seed("local.drawn", value), None)
    drawn = st.segmented_control(
        "How it is drawn", _DRAWN, key=key, default=usual, format_func=_DRAWN.__getitem__,
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    return replace(choice, drawn="" if drawn in ("arrows", None) else drawn, classes=classes(subject, hidden=hidden))


def _plot(subject: Subject, a: Rows, b: Rows, room: Room) -> None:
    shown = np.isin(a.truth, subject.choice.classes) if subject.choice.classes else np.ones(len(a.samples), bool)
    if not shown.any():
        st.info("No sample of the sweep is of these classes. Choose others.", icon=":material/info:")
        return
    one, other, titles = _clouds(subject, a, b, shown)
    lit = None if subject.selected is None else np.isin(a.samples[shown], subject.selected)
    change = subject.choice.drawn == "change"
    figure = (changes if change else arrows)(
        one, other, a.samples[shown], _read(subject, a, shown), titles,
        chosen=lit, dark=st.context.theme.type == "dark", height=HEIGHT[room] - BESIDE[room], compact=room == "small",
    )  # fmt: skip
    x, y = (other.x - one.x, other.y - one.y) if change else (one.x, one.y)
    st.plotly_chart(
        figure, key=CHART, selection_mode=("points", "box", "lasso"), config=_CONFIG,
        on_select=guarded(partial(_picked, subject.sweep.dataset_id, a.samples[shown], x, y)),
    )  # fmt: skip
    st.caption(_told(subject, shown, lit, one, other))


def _clouds(subject: Subject, a: Rows, b: Rows, shown: np.ndarray) -> tuple[Cloud, Cloud, Titles]:
    """Angle and length where both heads are linear; else, said so, confidence and loss."""
    if a.linear and b.linear:
        titles = Titles("Angle to the true class (degrees)", "Length of the features", "°")
        names, scale = ("angle", "length"), float(np.degrees(1))
    else:
        crooked = dict.fromkeys(subject.sweep.members[r.place[0]].name for r in (a, b) if not r.linear)
        st.caption(plain(NOT_LINEAR.format(names=", ".join(crooked))))
        titles, names, scale = Titles("Confidence", "Loss"), ("confidence", "loss"), 1.0

    def cloud(found: Rows) -> Cloud:
        x, y, correct = (found.numbers[n][shown] for n in (*names, "correct"))
        return Cloud(named.representation(subject.sweep, found.place), scale * x, y, correct)

    return cloud(a), cloud(b), titles


def _read(subject: Subject, a: Rows, shown: np.ndarray) -> list[str]:
    """What the cursor reads of each sample; only its number where there are thousands."""
    samples = a.samples[shown].tolist()
    if len(samples) > VECTOR:
        return [f"sample {s}" for s in samples]
    names = subject.sweep.class_names
    truth = [names[t] if 0 <= t < len(names) else "unknown" for t in a.truth[shown].tolist()]
    return [f"sample {s} · {t}" for s, t in zip(samples, truth, strict=True)]


def _told(subject: Subject, shown: np.ndarray, lit: np.ndarray | None, a: Cloud, b: Cloud) -> str:
    """What came of it, and how much of it is to be seen."""
    here = np.ones(len(a.correct), bool) if lit is None else lit
    count, every = int(here.sum()), int(shown.sum())
    fell = int(np.sum(here & (a.correct == 1) & (b.correct == 0)))
    rose = int(np.sum(here & (a.correct == 0) & (b.correct == 1)))
    told = [f"{count:,} of {every:,} samples" if lit is not None else said.plural(every, "sample")]
    told.append(f"{fell:,} became wrong, {rose:,} right")
    if subject.choice.drawn != "change" and count > ARROWS:
        told.append(f"{ARROWS} arrows by lot")
    if without := int(np.sum(here & ~(np.isfinite(a.x) & np.isfinite(a.y)))):
        told.append(f"{without:,} without these numbers")
    return " · ".join(told)


def _picked(dataset_id: str, samples: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """Points were lassoed, boxed or clicked; an empty selection is what a new figure leaves, and says nothing."""
    selection = (st.session_state.get(CHART) or {}).get("selection") or {}
    found = enclosed(selection, x, y)
    if found is not None:
        if found.any():
            linked.choose(dataset_id, samples[found], WORDS)
    elif clicked := _clicked(selection.get("points") or []):
        linked.choose(dataset_id, clicked, "click in Local geometry")


def _clicked(points: Sequence[dict[str, Any]]) -> list[int]:
    return [int(np.ravel(p["customdata"])[0]) for p in points if p.get("customdata") is not None]
