"""What is shown and how: the panel, the order, the size of the thumbnails, the page."""

from __future__ import annotations

from dataclasses import replace
from typing import cast, get_args

import streamlit as st

from app.figures.tiles import NUMBER_WORDS
from app.samples_choice import SIZES, Choice, Subject, View
from app.widgets.samples import PAGE

VIEWS: dict[View, str] = {
    "images": "Images",
    "confusion": "Confusion",
    "calibration": "Calibration",
    "classes": "Classes",
    "selections": "Selections",
}
ORDERS = {"sample": "As imported", "name": "By name", "label": "By label", "prediction": "By prediction"}
ARROWS = {False: ":material/arrow_upward:", True: ":material/arrow_downward:"}
SIZE_WORDS = dict(zip(SIZES, ("S", "M", "L"), strict=True))
ON_A_PAGE = {64: 120, 96: 60, 144: 36}
BESIDE = {64: 60, 96: 30, 144: 16}
"""Thumbnails on a page, and where a panel stands beside them."""


def per_page(choice: Choice) -> int:
    return (ON_A_PAGE if choice.view == "images" else BESIDE)[choice.size]


def views(subject: Subject) -> Choice:
    """Which panel stands beside the gallery, the order and the size of the thumbnails; the choice that they show."""
    choice = subject.choice
    with st.container(horizontal=True, vertical_alignment="center"):
        key = PAGE.seed("view", choice.view)
        view = st.segmented_control(
            "View", get_args(View), format_func=VIEWS.__getitem__, key=key, required=True, label_visibility="collapsed"
        )
        sort, falling, size = _order(subject)
    return _first_page(choice, replace(choice, view=cast("View", view), sort=sort, descending=falling, size=size))


def _order(subject: Subject) -> tuple[str, bool, int]:
    choice, a = subject.choice, subject.a
    words = {name: word for name, word in ORDERS.items() if a or name != "prediction"}
    if a:
        numbers = NUMBER_WORDS if a.linear_head else {n: NUMBER_WORDS[n] for n in ("confidence", "loss")}
        words |= {name: f"By {word.lower()}" for name, word in numbers.items()}
    key = PAGE.seed("sort", choice.sort if choice.sort in words else "sample", words)
    sort = st.selectbox(
        "Sort by", words, key=key, format_func=lambda n: words.get(n) or n, width=170, label_visibility="collapsed"
    )
    key = PAGE.seed("descending", choice.descending)
    falling = st.segmented_control(
        "Order", ARROWS, key=key, required=True, format_func=ARROWS.__getitem__, label_visibility="collapsed"
    )
    key = PAGE.seed("size", choice.size)
    size = st.segmented_control(
        "Size", SIZES, key=key, required=True, format_func=SIZE_WORDS.__getitem__, label_visibility="collapsed"
    )
    return sort or "sample", bool(falling), size or SIZES[1]


def _first_page(before: Choice, now: Choice) -> Choice:
    if now == before:
        return now
    PAGE.anew("page")
    return replace(now, page=1)


def page(choice: Choice, count: int) -> Choice:
    """Which page of so many samples."""
    pages = max(1, -(-count // per_page(choice)))
    if pages == 1:
        return replace(choice, page=1)
    if choice.page > pages:
        PAGE.anew("page")
    key, first = PAGE.start("page", min(choice.page, pages))
    return replace(choice, page=st.pagination(pages, default=min(first, pages), key=key))
