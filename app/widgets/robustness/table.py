"""The evaluation table: a row a variant, a column a corruption, a score and its samples in each cell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from analysis.sweeps import SweepRecord
from app import linked, resources, sweep_numbers
from app.boundary import plain
from app.evaluation import Evaluation, Summary, columns, evaluated, offered
from app.evaluation_document import Drawn, document
from app.evaluation_order import CLUSTER, FAMILY, MEAN, NAME, order
from app.evaluation_published import PUBLISHED_SCORES, benchmark, published
from app.robustness_choice import HEIGHT, PAGE, Choice, Room, Subject
from app.robustness_words import SCORES, condition
from app.widgets.robustness import classes
from app.widgets.robustness.evaltable import evaltable

EXTRA_PX = 62
"""The row of panels that the table is in is so much higher than the other."""

ORDERS = {FAMILY: "by family", CLUSTER: "clustered by geometry", NAME: "by name"}

SUMMARIES = (
    ("mce", "mCE", "Mean corruption error, {reference} = 100 %", False, True),
    ("relative_mce", "rel. mCE", "The same of the error less the clean error, {reference} = 100 %", False, True),
    ("robust_gap", "lost", "Accuracy that is lost from clean to corrupted", True, True),
    (
        "effective",
        "effective",
        "Effective robustness: accuracy above what clean accuracy lets expect here",
        True,
        False,
    ),
)
"""Fields of what is aggregated: the head, what it says, whether it is in points, whether more is worse."""


def controls(subject: Subject, room: Room) -> Choice:
    """Which score, in which order."""
    choice = subject.choice
    names = offered(sweep_numbers.cells(subject.sweep))
    key = PAGE.seed("table_score", choice.score if choice.score in names else "accuracy", names)
    score = st.selectbox(
        "Score", names, key=key, format_func=lambda n: SCORES.get(n, n), width=160, label_visibility="collapsed"
    )
    by = choice.sort.removeprefix("-")
    found = [c.corruption for c in columns(subject.sweep, choice.severity)]
    words = ORDERS | ({choice.sort: "by a column"} if by in (*found, MEAN, *(s[0] for s in SUMMARIES)) else {})
    shown = choice.sort if choice.sort in words else by if by in words else FAMILY
    key = PAGE.seed("table_sort", shown, words)
    sort = st.selectbox(
        "Order", words, key=key, format_func=lambda n: words.get(n) or n, width=190, label_visibility="collapsed"
    )
    choice = replace(choice, score=score or "accuracy", sort="" if sort == FAMILY else sort or "")
    return _published_too(subject.sweep, choice) if room == "large" else choice


def _published_too(sweep: SweepRecord, choice: Choice) -> Choice:
    """Whether what others published is laid over; offered where there is something like this sweep."""
    if benchmark(sweep) is None or choice.score not in PUBLISHED_SCORES:
        return choice
    key = PAGE.seed("table_published", bool(choice.published))
    shown = st.checkbox("Published rows", key=key, help=f"Results on {benchmark(sweep)}, marked as published.")
    return replace(choice, published="1" if shown else "")


def section(subject: Subject, room: Room) -> Choice:
    """Draw the table."""
    choice, sweep = subject.choice, subject.sweep
    cells = sweep_numbers.cells(sweep)
    if not cells:
        st.caption("No cell is there yet.")
        return choice
    counted = sweep_numbers.counted(sweep, choice.score, subject.selected)
    found = evaluated(sweep, subject.members, choice.severity, choice.score, cells, counted)
    drawn = _drawn(subject, found, room)
    evaltable(
        document(drawn), "robustness.evaltable", lambda what, row, column: _picked(subject, found, what, row, column)
    )
    if room == "large":
        _remarks(sweep, choice)
        classes.section(subject)
    return choice


def _drawn(subject: Subject, found: Evaluation, room: Room) -> Drawn:
    choice, sweep = subject.choice, subject.sweep
    clusters = choice.sort.removeprefix("-") == CLUSTER
    summaries = _summaries(subject, room)
    numbers = {one.key: one.values for one in summaries}
    arranged = order(sweep, found, choice.sort, sweep_numbers.grouped(sweep) if clusters else None, numbers)
    return Drawn(
        sweep=sweep, found=found, order=arranged, score=choice.score, severity=choice.severity, number=choice.number,
        histograms=sweep_numbers.histograms(sweep, choice.number, subject.selected),
        edges=sweep_numbers.edges(sweep, choice.number), summaries=summaries, sort=choice.sort,
        a=subject.a, b=subject.b, large=room == "large", height=HEIGHT[room] + EXTRA_PX * (room == "small"),
        published=published(sweep) if choice.published and room == "large" else (),
    )  # fmt: skip


def _summaries(subject: Subject, room: Room) -> list[Summary]:
    """mCE; where there is room also what else sums up a row."""
    found, rows = sweep_numbers.aggregated(subject.sweep, subject.selected), list(subject.members)
    if found is None:
        return []
    over = f"over {len(found.corruptions)} corruptions and all severities"
    made = []
    for key, label, title, points, worse in SUMMARIES[: 1 if room == "small" else None]:
        one, factor = getattr(found, key), 100 if points else 1
        if np.isfinite(one.value).any():
            values, low, high = (factor * each[rows] for each in (one.value, one.low, one.high))
            full = f"{title.format(reference=subject.sweep.reference)}, {over}"
            made.append(Summary(key, label, full, values, low, high, points, worse))
    return made


def _remarks(sweep: SweepRecord, choice: Choice) -> None:
    without = [m.name for m in sweep.members if not m.linear_head]
    if without and choice.number != "confidence":
        st.caption(plain(f"No single linear head, so no {choice.number}: {', '.join(without[:6])}."))


def _picked(subject: Subject, found: Evaluation, what: str, row: str, column: str) -> None:
    """A click in the table, before the page is drawn anew."""
    sweep, choice = subject.sweep, subject.choice
    if what == "sort":
        PAGE.change(sort=_next(choice.sort, column))
        return
    if what in ("row-a", "row-b"):
        PAGE.change(**{what[-1]: row})
        return
    shows = next((c.shows for c in found.columns if c.corruption == column), None)
    if shows is None:
        return
    if what in ("a", "b"):
        PAGE.change(**{what: row, "at" if what == "a" else "bt": sweep.conditions[shows].name})
    elif what in ("wrong", "right"):
        _choose(subject, what, row, shows)


def _next(sort: str, column: str) -> str:
    """From the highest down, then up, then as before. Names go up first."""
    first, second = (column, f"-{column}") if column == NAME else (f"-{column}", column)
    return second if sort == first else "" if sort == second else first


def _choose(subject: Subject, what: str, row: str, place: int) -> None:
    """Select the samples that a member has wrong, or right, under a condition; of those that are selected."""
    sweep, member = subject.sweep, subject.sweep.member(row)
    if member is None:
        return
    samples = resources.store().sweeps.truth(sweep.sweep_id)[0] if subject.selected is None else subject.selected
    found = resources.store().sweeps.values(
        sweep.sweep_id, ["correct"], members=[member], conditions=[place], samples=samples
    )["correct"][0, 0]
    chosen = samples[found == (1 if what == "right" else 0)]
    words = f"{what} in {row} · {condition(sweep.conditions[place])}"
    linked.choose(sweep.dataset_id, chosen, words if subject.selected is None else f"{words}, of {subject.words}")
