"""Global geometry: where samples lie against all classes at once, as parallel coordinates with density and brushes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st

from analysis.engine.jobs import Job
from analysis.sweeps import SweepRecord
from app import linked
from app import robustness_words as named
from app import words as said
from app.boundary import plain
from app.robustness_choice import HEIGHT, Choice, Room, Subject
from app.widgets.progress import settled, text
from app.widgets.robustness.global_angles import Found, angles, let_go
from app.widgets.robustness.global_axes import FEW, NEAREST, Axis, axes
from app.widgets.robustness.global_document import LINES, document, within
from app.widgets.robustness.local_classes import classes
from app.widgets.robustness.local_rows import Rows, absent, rows
from app.widgets.robustness.parallel import Brushes, parallel

WORDS = "brush in Global geometry"
KEY = "robustness.global.parallel"
BRUSHES = "robustness.global.brushes"
BELOW = {"small": 62, "large": 92}
"""Pixels of the form and the line below the axes."""

PATIENCE = 0.3
"""Seconds that the page waits for angles before it shows what it has."""

NOT_LINEAR = "The head of {name} is not one linear map: there are no class directions, no length and no margin to show."
HELP = (
    "One axis for each class: the angle between a sample's features and that class's weights, small is near. The dark "
    "bands are where many samples of a lie from one axis to the next; dashed, the middle and nine tenths of b; lines "
    "are the selected samples, teal where a is right, orange where it is wrong. Draw along an axis to select samples."
)


def section(subject: Subject, room: Room) -> Choice:
    """Draw it; the choice that it shows."""
    choice = subject.choice
    if room == "large":
        st.caption(HELP)
        choice = replace(choice, classes=classes(subject, hidden=False, view="global"))
        subject = replace(subject, choice=choice)
    a, b = rows(subject, subject.a), rows(subject, subject.b)
    if not a.there:
        st.info(plain(absent(subject, a.place)), icon=":material/info:")
        return choice
    b = b if b.there else a
    shown = np.isin(a.truth, choice.classes) if choice.classes else np.ones(len(a.samples), bool)
    if not shown.any():
        st.info("No sample of the sweep is of these classes. Choose others.", icon=":material/info:")
        return choice
    found = _angles(subject, a, b)
    made = axes(subject.sweep.class_names, a, b, (found[0].values, found[1].values))
    notes = [f.why for f in found if f.why] if a.linear else [NOT_LINEAR.format(name=_member(subject, a))]
    _draw(subject, a, made, shown, room)
    _below(subject, a, b, shown, notes, room)
    if jobs := [f.job for f in found if f.job is not None]:
        _follow(jobs)
    return choice


def _angles(subject: Subject, a: Rows, b: Rows) -> tuple[Found, Found]:
    """Of both representations, after a moment's wait for what is quick; none where the head is not linear."""
    if not a.linear:
        return Found(), Found()

    def look() -> tuple[Found, Found]:
        return angles(subject, a), angles(subject, b) if b.linear else Found()

    found = look()
    jobs = [f.job for f in found if f.job is not None]
    let_go({job.key for job in jobs})
    return look() if jobs and settled(jobs, PATIENCE) else found


def _draw(subject: Subject, a: Rows, made: list[Axis], shown: np.ndarray, room: Room) -> None:
    lit = None if subject.selected is None else np.isin(a.samples, subject.selected) & shown
    drawn = document(
        made,
        a.numbers["correct"],
        shown,
        lit,
        _brushes(subject),
        height=HEIGHT[room] - BELOW[room],
        words=f"Parallel coordinates of {named.representation(subject.sweep, a.place)}: {len(made)} axes",
        dark=st.context.theme.type == "dark",
    )
    parallel(drawn, KEY, partial(_brushed, subject.sweep, made, a.samples, shown))


def _brushes(subject: Subject) -> Brushes:
    """Those that made the selection; once it comes from elsewhere, they are gone."""
    sweep_id, kept = st.session_state.get(BRUSHES, ("", {}))
    return kept if subject.words == WORDS and sweep_id == subject.sweep.sweep_id else {}


def _brushed(sweep: SweepRecord, made: list[Axis], samples: np.ndarray, shown: np.ndarray, brushes: Brushes) -> None:
    st.session_state[BRUSHES] = (sweep.sweep_id, dict(brushes))
    if brushes:
        linked.choose(sweep.dataset_id, samples[within(made, brushes, shown)], WORDS)
    else:
        linked.clear()


def _below(subject: Subject, a: Rows, b: Rows, shown: np.ndarray, notes: list[str], room: Room) -> None:
    """How many samples are drawn, and why something is not there; in a small panel the latter at a question mark."""
    told = said.plural(int(shown.sum()), "sample")
    names = subject.sweep.class_names
    if subject.choice.classes:
        told += f" of {said.first([names[c] for c in subject.choice.classes if c < len(names)], 3)}"
    if subject.selected is not None:
        count = int((np.isin(a.samples, subject.selected) & shown).sum())
        told += f", {count:,} selected" + (f" ({LINES} drawn, by lot)" if count > LINES else "")
    if len(names) > FEW and not notes:
        told += f" · {NEAREST} of {len(names):,} classes, the most confused"
    told += " · dashed: b" if b is not a else ""
    notes = list(dict.fromkeys(notes))
    if room == "large":
        st.caption(plain(" ".join([f"{told}.", *notes])))
    else:
        st.caption(plain(f"{told} · not all axes" if notes else told), help=plain(" ".join(notes)) or None)


def _member(subject: Subject, of: Rows) -> str:
    return subject.sweep.members[of.place[0]].name


@st.fragment(run_every=0.4)
def _follow(jobs: list[Job]) -> None:
    """Draw the page anew once one of them has ended."""
    if not all(job.active for job in jobs):
        st.rerun()
    st.caption(plain(f"{text(jobs[0])} …"))
