"""The gallery: a page of samples as thumbnails that can be opened, ticked and walked through with the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import streamlit as st

from analysis.records import Sample
from analysis.store import digest
from app import resources
from app.boundary import guarded
from app.figures.tiles import cell_side, sheet, sprite
from app.samples_choice import Subject
from app.widgets.component import component, source

_SHEET = component(
    "tiles", source("samples", "tiles.css"), source("mapgrid", "elements.js") + "\n" + source("samples", "tiles.js")
)
KEY = "samples.sheet"
ROUND = "samples.round"
DECODERS = 4


def _sprite(dataset_id: str, ids: Sequence[int], side: int) -> bytes:
    """The page's thumbnails in one file, kept for the next time."""

    def drawn() -> bytes:
        images = resources.dataset(dataset_id)
        with ThreadPoolExecutor(DECODERS) as pool:
            return sprite(list(pool.map(lambda sample: images.thumbnail(sample, side), ids)), side)

    return resources.sprites().made(digest(dataset=dataset_id, samples=list(ids), side=side), drawn)


def gallery(
    subject: Subject, samples: Sequence[Sample], on_open: Callable[[int], None], on_turn: Callable[[int], None]
) -> None:
    """Draw these samples. on_open(sample): a click; on_turn(step): the next page or the one before, by keyboard."""

    @guarded
    def acted() -> None:
        state = st.session_state.get(KEY)
        if event := getattr(state, "opened", None):
            on_open(int(event["sample"]))
        elif event := getattr(state, "turned", None):
            on_turn(int(event["step"]))

    side, ids = subject.choice.size, [s.sample for s in samples]
    cell = cell_side(samples, side)
    drawn = sheet(samples, subject, _sprite(subject.dataset.dataset_id, ids, cell))
    data = drawn | {"round": st.session_state.get(ROUND, 0), "page": subject.choice.page}
    _SHEET(data=data, key=KEY, on_opened_change=acted, on_turned_change=acted, on_ticked_change=lambda: None)


def ticked() -> tuple[int, ...]:
    """The samples with a tick, of all pages. Before the gallery is drawn it is what the browser last said."""
    found = getattr(st.session_state.get(KEY), "ticked", None) or []
    return tuple(sorted({int(i) for i in found if isinstance(i, int | float)}))


def untick() -> None:
    """Take all ticks away."""
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
