"""Which corruptions say the same of the variants, and how few rank them as all do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from app import resources, sweep_numbers
from app import robustness_words as named
from app.boundary import plain
from app.figures.robustness_redundancy import Step, redundancy
from app.robustness_choice import Subject

if TYPE_CHECKING:  # importing it costs seconds of torch
    from analysis.pipelines.sweep_likeness import Redundancy
    from analysis.sweeps import Score

LEAST = 3
"""Variants that can be ranked at all in more than two ways."""

FEW = 6
"""Variants: with fewer, many corruptions keep the ranking by chance."""

CAPTION = 44
_CONFIG = {
    "displaylogo": False,
    "toImageButtonOptions": {"format": "png", "filename": "cutaway-redundancy", "scale": 2},
}


def section(subject: Subject, height: int) -> None:
    """Draw it."""
    what = ("redundancy", subject.members, subject.choice.severity)
    with st.spinner("Ranking by every subset of the corruptions", show_time=False):
        found = sweep_numbers.kept(subject.sweep, what, lambda: _made(subject), subject.selected)
    if len(found.members) < LEAST or len(found.corruptions) < 2 or not found.steps:
        st.info(
            f"Redundancy compares how corruptions rank variants: that takes {LEAST} variants of different accuracy "
            f"whose cells are all there, and two corruptions; there are {len(found.members)} and "
            f"{len(found.corruptions)}.",
            icon=":material/info:",
        )
        return
    names = [named.corruption(c) for c in found.corruptions]
    steps = [
        Step(tuple(named.corruption(c) for c in s.corruptions), s.tau.value, s.tau.low, s.tau.high) for s in found.steps
    ]
    dark = st.context.theme.type == "dark"
    figure = redundancy(names, found.shifts, found.correlation.value, steps, dark=dark, height=height - CAPTION)
    st.plotly_chart(figure, key="robustness.similarity.redundancy", config=_CONFIG)
    st.caption(plain(sentence(found)))


def sentence(found: Redundancy) -> str:
    """The smallest subset that keeps the ranking, with its interval; what is most alike; what limits it."""
    count, every = len(found.members), len(found.corruptions)
    small = next((s for s in found.steps if s.tau.value >= found.threshold and len(s.corruptions) < every), None)
    if small is None:
        told = f"No smaller subset of the {every} corruptions ranks the {count} variants as all do."
    else:
        names = ", ".join(named.corruption(c) for c in small.corruptions)
        verb = "ranks" if len(small.corruptions) == 1 else "rank"
        told = (
            f"{len(small.corruptions)} of {every} ({names}) {verb} the {count} variants as all do: Kendall τ "
            f"{_interval(small.tau)}."
        )
    steady = found.steadiness
    if np.isfinite(steady.value):
        told += f" Over resampled samples the ranking by all agrees with itself with τ {_interval(steady)}."
    if count < FEW:
        told += f" With {count} variants there are few rankings to tell apart."
    return told + _most_alike(found)


def _interval(score: Score) -> str:
    if not np.isfinite([score.low, score.high]).all():
        return f"{score.value:.2f}"
    return f"{score.value:.2f} ({score.low:.2f} to {score.high:.2f})"


def _most_alike(found: Redundancy) -> str:
    """Of the changes of the margin, sample by sample: accuracies of a few variants nearly always correlate."""
    above = np.triu(np.isfinite(found.shifts), 1)
    if not above.any():
        return ""
    places = np.unravel_index(np.where(above, found.shifts, -np.inf).argmax(), above.shape)
    one, other = (named.corruption(found.corruptions[int(i)]) for i in places)
    return (
        f" Most alike, sample by sample: {one} and {other} (margins' changes correlate by {found.shifts[places]:.2f})."
    )


def _made(subject: Subject) -> Redundancy:
    from analysis.pipelines.sweep_likeness import redundancy as computed

    return computed(
        resources.store(), subject.sweep, subject.members, subject.choice.severity, subject.selected, every_size=True
    )
