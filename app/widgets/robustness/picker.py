"""Which sweep, who is on show, which severity and number; and the two representations that are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast, get_args

import streamlit as st

from analysis.sweeps import Member, SweepRecord
from app import words
from app.boundary import guarded, plain
from app.robustness_choice import PAGE, SHORT, Choice, Number, Subject
from app.robustness_words import condition, family, family_label, representation

SEVERITIES = {0: "mean", 1: "1", 2: "2", 3: "3", 4: "4", 5: "5"}
CLEAR = {"members": (), "a": "", "at": "", "b": "", "bt": "", "classes": (), "sample": None, "selection": ""}
"""What a choice in one sweep does not mean in another."""


def section(subject: Subject, sweeps: Sequence[SweepRecord]) -> Choice:
    """Draw the line; the choice that it shows."""
    choice = subject.choice
    with st.container(horizontal=True, vertical_alignment="center", key="robustness-line-picker"):
        _sweep(subject.sweep, sweeps)
        choice = _members(replace(subject, choice=choice))
        choice = _severity(replace(subject, choice=choice))
        return _number(replace(subject, choice=choice))


def _sweep(shown: SweepRecord, sweeps: Sequence[SweepRecord]) -> None:
    names = {s.sweep_id: s.name for s in sweeps}
    key = PAGE.seed("sweep", shown.sweep_id, names)
    st.selectbox(
        "Sweep", names, key=key, format_func=lambda i: names.get(i) or i, width=230, label_visibility="collapsed",
        on_change=guarded(_other), args=(key,), help=None,
    )  # fmt: skip
    st.caption(_size(shown), width="content", help=_about(shown))


def _other(key: str) -> None:
    PAGE.change(sweep=st.session_state[key][:SHORT], **CLEAR)


def _size(sweep: SweepRecord) -> str:
    return f"{sweep.samples:,} images × {len(sweep.members)} × {len(sweep.conditions)}"


def _about(sweep: SweepRecord) -> str:
    corruptions = words.plural(len(sweep.corruptions), "corruption")
    lines = [
        f"{words.plural(sweep.samples, 'image')} of {plain(sweep.dataset_name)}, "
        f"{words.plural(len(sweep.members), 'variant')}, {corruptions} and clean: "
        f"{words.plural(len(sweep.conditions), 'condition')}.",
        f"Levels of severity: {sweep.table}, images of {sweep.image_size[0]} × {sweep.image_size[1]} px.",
        f"Seed {sweep.seed}. Compared with: {plain(sweep.reference)}.",
        words.when(sweep.computed_at) + (f" on {plain(sweep.device)}" if sweep.device else ""),
        "Came with Cutaway: numbers only." if sweep.source == "bundled" else "",
        *map(plain, sweep.remarks),
    ]
    return "  \n".join(line for line in lines if line)


def _members(subject: Subject) -> Choice:
    """A popover with all of them, and quick picks by method and sparsity."""
    sweep, names = subject.sweep, [m.name for m in subject.sweep.members]
    shown = [names[i] for i in subject.members]
    with st.popover(f"{len(shown)} of {len(names)} on show", icon=":material/checklist:", width="content"):
        key, first = PAGE.start("members", shown)
        picked = st.multiselect(
            "Variants on show", names, default=first, key=key, placeholder="All of them",
            help="Every view shows these. None chosen: all.",
        )  # fmt: skip
        for label, of in _PICKS.items():
            values = list(dict.fromkeys(of(m) for m in sweep.members))
            if len(values) > 1:
                st.caption(label)
                with st.container(horizontal=True, gap="xxsmall"):
                    for value in values:
                        st.button(
                            value, key=f"robustness.pick.{label}.{value}", on_click=guarded(_pick),
                            args=(sweep, label, value),
                        )  # fmt: skip
        st.button("All of them", key="robustness.pick.all", on_click=guarded(_pick), args=(sweep, "", ""))
    every = not picked or set(picked) == set(names)
    return replace(subject.choice, members=() if every else tuple(picked))


def _sparsity(member: Member) -> str:
    return "dense" if not member.sparsity else f"{100 * member.sparsity:g} %"


_PICKS: dict[str, Callable[[Member], str]] = {
    "By method": lambda m: family_label(family(m)),
    "By sparsity": _sparsity,
}


def _pick(sweep: SweepRecord, label: str, value: str) -> None:
    """Those of one kind; the reference stays on show beside them."""
    wanted = [m.name for m in sweep.members if label and (_PICKS[label](m) == value or m.name == sweep.reference)]
    PAGE.change(members=tuple(wanted))


def _severity(subject: Subject) -> Choice:
    sweep, choice = subject.sweep, subject.choice
    there = {c.severity for c in sweep.conditions}
    offered = [s for s in SEVERITIES if s == 0 or s in there]
    key = PAGE.seed("severity", choice.severity if choice.severity in offered else 0, offered)
    st.caption("severity", width="content")
    severity = st.segmented_control(
        "Severity", offered, format_func=SEVERITIES.__getitem__, key=key, required=True, label_visibility="collapsed"
    )
    return replace(choice, severity=int(severity or 0))


def _number(subject: Subject) -> Choice:
    sweep, choice = subject.sweep, subject.choice
    linear = any(m.linear_head for m in sweep.members)
    offered = list(get_args(Number)) if linear else ["confidence"]
    key = PAGE.seed("number", choice.number if choice.number in offered else offered[0], offered)
    st.caption("number", width="content")
    number = st.segmented_control("Number", offered, key=key, required=True, label_visibility="collapsed")
    return replace(choice, number=cast("Number", number or offered[0]))


def compared(subject: Subject) -> None:
    """The representation on show and the one that it is compared with, each behind a button that names it."""
    sweep = subject.sweep
    members, conditions = [m.name for m in sweep.members], [c.name for c in sweep.conditions]
    said = {m: m for m in members} | {c.name: condition(c) for c in sweep.conditions}
    for name, at, colour, what in _TWO:
        place = subject.a if name == "a" else subject.b
        label = f":{colour}-badge[{name}] {plain(representation(sweep, place))}"
        with st.popover(label, width="content"):
            st.caption(f"{what}. A click on a cell of the table sets a; with Shift, b.")
            for field, offered, first, title in (
                (name, members, place[0], "Variant"),
                (at, conditions, place[1], "Images"),
            ):
                key, first = PAGE.start(field, first)
                st.selectbox(
                    title, offered, index=first, key=key, format_func=said.__getitem__,
                    on_change=guarded(_set), args=(field, key),
                )  # fmt: skip
    st.button(
        ":material/swap_horiz:", key="robustness.swap", type="tertiary", help="Exchange a and b",
        on_click=guarded(_swap), args=(subject,),
    )  # fmt: skip


_TWO = (
    ("a", "at", "blue", "The representation on show"),
    ("b", "bt", "orange", "What it is compared with"),
)


def _set(field: str, key: str) -> None:
    PAGE.change(**{field: st.session_state[key]})


def _swap(subject: Subject) -> None:
    sweep, (a, b) = subject.sweep, (subject.a, subject.b)
    PAGE.change(
        a=sweep.members[b[0]].name, at=sweep.conditions[b[1]].name,
        b=sweep.members[a[0]].name, bt=sweep.conditions[a[1]].name,
    )  # fmt: skip
