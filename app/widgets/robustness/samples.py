"""Samples: the images of the selection, each with the verdicts of all members; lists of the robust and the fragile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from analysis.errors import DataError, NotApplicable
from app import resources
from app.boundary import plain
from app.robustness_choice import PAGE, Choice, Room, Subject
from app.robustness_words import condition
from app.widgets.progress import watch
from app.widgets.robustness.samples_actions import actions, pick, picked
from app.widgets.robustness.samples_controls import HELP, WHICH, widgets
from app.widgets.robustness.samples_order import Order
from app.widgets.robustness.samples_tiles import SIDES, pictures, stamped, tiles
from app.widgets.robustness.samples_verdicts import Listed, listed, words
from app.widgets.robustness.strips import strips
from models.errors import UnknownName

ON_A_PAGE: dict[Room, int] = {"small": 12, "large": 60}
"""Samples at a time."""

ACROSS: dict[Room, int] = {"small": 8, "large": 12}
"""Cells of a strip side by side."""

NO_IMAGES = (
    "The images of {name} are not in this workspace, so there are numbers only. Import or generate the dataset to see "
    "them."
)


def controls(subject: Subject, room: Room) -> Choice:
    """In the title line of a small panel: a button that opens the widgets and what can be done with the list."""
    if room == "large":
        return subject.choice
    order = Order.read(subject.choice.order)
    found = listed(subject, order)
    label = f":material/tune: {WHICH[order.which].lower()} · {len(found.samples):,}"
    with st.popover(label, help=HELP):
        now = widgets(subject, order, room)
        if now == order:
            with st.container(horizontal=True):
                actions(subject, found, words(subject, order, found))
    return _changed(subject.choice, order, now)


def section(subject: Subject, room: Room) -> Choice:
    """Draw the gallery; the choice that it shows."""
    order = now = Order.read(subject.choice.order)
    if room == "large":
        st.caption(HELP)
        now = widgets(subject, order, room)
    choice = _changed(subject.choice, order, now)
    found = listed(subject, now)
    if room == "large":
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{len(found.samples):,}** {plain(words(subject, now, found))}", width="content")
            st.space("stretch")
            actions(subject, found, words(subject, now, found))
    if not len(found.samples):
        _nothing(subject, now, found)
        return choice
    _gallery(replace(subject, choice=choice), now, found, room)
    return choice


def _changed(choice: Choice, before: Order, now: Order) -> Choice:
    """Another list begins at its first page."""
    if now != before:
        PAGE.anew("samples.page")
    return replace(choice, order=now.written())


def _nothing(subject: Subject, order: Order, found: Listed) -> None:
    if not len(found.verdicts.samples):
        st.info("The selection holds no sample of this sweep.", icon=":material/filter_alt_off:")
    elif not found.verdicts.judged.any():
        st.info(
            "Nobody can be judged here: these cells are not computed, or the samples have no label.",
            icon=":material/hourglass_empty:",
        )
    else:
        st.info(f"No sample is {plain(words(subject, order, found))}.", icon=":material/check_circle:")


def _gallery(subject: Subject, order: Order, found: Listed, room: Room) -> None:
    """A page of samples with their strips."""
    sweep, size = subject.sweep, ON_A_PAGE[room]
    place = st.container()
    page = _page(len(found.samples), size)
    shown = [int(s) for s in found.samples[(page - 1) * size : page * size]]
    names = ("correct", "prediction", "confidence", "margin")
    every = resources.store().sweeps.values(
        sweep.sweep_id, names, members=subject.members, conditions=[found.condition], samples=sorted(shown)
    )
    ascending = {sample: i for i, sample in enumerate(sorted(shown))}
    at = [ascending[s] for s in shown]
    values = {n: v[:, 0][:, at] for n, v in every.items()}
    samples, truth = resources.store().sweeps.truth(sweep.sweep_id)
    known = dict(zip(samples.tolist(), truth.tolist(), strict=True))
    with place:
        sprite, said = _pictures(subject, shown, found.condition if order.drawn == "seen" else 0, SIDES[room])
        if room == "large" or said is None:
            picked(subject, found.condition, order.drawn, bool(sprite))
        if said:
            st.caption(plain(said))
        data = tiles(sweep, subject.members, shown, known, values, subject.choice.sample)
        looks = {"side": SIDES[room], "across": ACROSS[room], "sprite": sprite}
        strips(stamped(data | looks), "robustness.samples.strips", pick)


def _page(count: int, size: int) -> int:
    pages = max(1, -(-count // size))
    if pages == 1:
        return 1
    key, first = PAGE.start("samples.page", 1)
    if int(st.session_state.get(key, first)) > pages:
        PAGE.anew("samples.page")
        key, first = PAGE.start("samples.page", 1)
    return int(st.pagination(pages, default=min(first, pages), key=key))


def _pictures(subject: Subject, shown: list[int], at: int, side: int) -> tuple[dict[str, Any] | None, str | None]:
    """The thumbnails (None: there are none), and what must be said of them."""
    sweep = subject.sweep
    if at and (starting := resources.engine()) is not None:
        watch(resources.loading(), [starting.key], stoppable=False)
        return _pictures(subject, shown, 0, side)
    try:
        return pictures(sweep, shown, at, side), None
    except NotApplicable as error:
        sprite, said = _pictures(subject, shown, 0, side) if at else (None, None)
        return sprite, said or f"As they are, not under {condition(sweep.conditions[at])}: {error}"
    except (DataError, UnknownName, FileNotFoundError):
        return None, NO_IMAGES.format(name=sweep.dataset_name)
