"""The widgets of the gallery: which list, how many must be wrong, the order, whose condition, which pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import streamlit as st

from app.robustness_choice import PAGE, Room, Subject
from app.robustness_words import condition
from app.widgets.robustness.samples_order import Drawn, Order, Sort, Under, Verdicts, Which
from app.widgets.robustness.samples_verdicts import listed, resolved

SORTS: dict[Sort, str] = {
    "fragility": "Most members wrong first",
    "margin": "Least margin of a first",
    "change": "Largest fall of the margin, a to b",
    "sample": "As in the dataset",
}
WHICH: dict[Which, str] = {
    "all": "All",
    "robust": "Right in all",
    "fragile": "Wrong in some",
    "everywhere": "Wrong in all",
}
DRAWN: dict[Drawn, str] = {"seen": "As the networks saw them", "clean": "As they are"}
HELP = (
    "Every cell of a strip is a member on show: ✓ right, ✗ wrong, stronger where it is surer. Point at one to read "
    "what it says; the same member is then marked in every strip."
)


def widgets(subject: Subject, order: Order, room: Room) -> Order:
    """Draw them; the order that they show. In a small panel they are in a popover, so their values are defaults."""
    verdicts = listed(subject, replace(order, which="all", sort="sample")).verdicts
    hidden = room == "small"
    if hidden:
        return _own(subject, order, verdicts, hidden=True)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        return _own(subject, order, verdicts, hidden=False)


def _own(subject: Subject, order: Order, verdicts: Verdicts, *, hidden: bool) -> Order:
    counts = {w: f"{label} · {int(verdicts.listed(w).sum()):,}" for w, label in WHICH.items()}
    which = cast("Which", _one("Samples", "which", counts, order.which, hidden=hidden))
    now = replace(order, which=which)
    if which == "fragile" and len(subject.members) > 1:
        now = replace(now, least=_least(order, len(subject.members)))
    sorts = {s: label for s, label in SORTS.items() if s not in ("margin", "change") or _has_margin(subject)}
    now = replace(now, sort=cast("Sort", _chosen("Order", "sort", sorts, order.sort, hidden=hidden)))
    sweep, under = subject.sweep, resolved(subject, order.under)
    names = {n: f"{n}: {condition(sweep.conditions[p[1]])}" for n, p in (("a", subject.a), ("b", subject.b))}
    if subject.a[1] != subject.b[1]:
        found = cast("Under", _one("Verdicts under", "under", names, under, hidden=hidden))
        now = replace(now, under="auto" if found == resolved(subject, "auto") else found)
    if sweep.conditions[(subject.a if resolved(subject, now.under) == "a" else subject.b)[1]].severity:
        now = replace(now, drawn=cast("Drawn", _one("Pictures", "drawn", DRAWN, order.drawn, hidden=hidden)))
    return now


def _one(label: str, name: str, words: Mapping[Any, str], value: str, *, hidden: bool) -> str:
    first = value if value in words else next(iter(words))
    given = {"key": PAGE.seed(f"samples.{name}", first, dict(words))}
    if hidden:
        key, first = PAGE.start(f"samples.{name}.small", first)
        given = {"key": key, "default": first}
    options = list(words)
    found = st.segmented_control(label, options, format_func=words.__getitem__, required=True, **given)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return str(found or first)


def _chosen(label: str, name: str, words: Mapping[Any, str], value: str, *, hidden: bool) -> str:
    options, first = list(words), value if value in words else next(iter(words))
    if hidden:
        key, first = PAGE.start(f"samples.{name}.small", first)
        found = st.selectbox(label, options, options.index(first), key=key, format_func=words.__getitem__)
    else:
        key = PAGE.seed(f"samples.{name}", first, dict(words))
        found = st.selectbox(label, options, key=key, format_func=lambda n: words.get(n) or n, width=290)
    return str(found or first)


def _least(order: Order, members: int) -> int:
    """How many must be wrong."""
    key, first = PAGE.start("samples.least", min(order.least, members))
    return int(st.slider("Members that are wrong, at least", 1, members, first, key=key, width=260))


def _has_margin(subject: Subject) -> bool:
    return subject.sweep.members[subject.a[0]].linear_head
