"""Small pictures of samples in a grid, in a column beside the panes: a click picks one."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import streamlit as st

from analysis.errors import DataError
from analysis.records import DatasetRecord, PassRecord
from analysis.store import digest
from app import resources
from app.boundary import guarded, plain
from app.embeddings_choice import Subject
from app.figures.tiles import TINY, finite, grid, name_of, percent, spoken, sprite
from app.recent import Recent
from app.widgets.component import component, source
from app.widgets.embeddings.numbers import Told, told

_SMALL = component(
    "small", source("embeddings/small", "small.css"),
    source("mapgrid", "elements.js") + "\n" + source("embeddings/small", "small.js"),
)  # fmt: skip
SIDE = 68  # pixels on the screen
DECODERS, DATASETS = 4, 4


@dataclass(frozen=True, slots=True)
class Tile:
    """One small picture and what is said of it."""

    sample: int
    spoken: str  # in words, for those who do not see it and for whoever hovers
    state: str  # right, wrong, unknown
    note: str = ""  # below the picture


def small(
    subject: Subject, samples: Sequence[int], key: str, label: str, on_pick: Callable[[int], None],
    notes: Sequence[str] = (), record: PassRecord | None = None,
) -> None:  # fmt: skip
    """Draw these samples. record: whose answers count; the first pane's where none is given."""
    if not len(samples):
        return

    @guarded
    def picked() -> None:
        event = getattr(st.session_state.get(key), "picked", None)
        if event:
            on_pick(int(event["sample"]))

    ids = [int(s) for s in samples]
    try:
        pictures, side = _sprite(subject.dataset.dataset_id, ids)
    except DataError as error:
        st.caption(f":material/broken_image: {plain(str(error))}")
        return
    made = tiles(subject.dataset, record or subject.record, ids, notes)
    data = document(made, pictures, side, label) | {"picked": subject.choice.sample}
    _SMALL(data=data, key=key, on_picked_change=picked)


def tiles(
    dataset: DatasetRecord, record: PassRecord | None, samples: Sequence[int], notes: Sequence[str] = ()
) -> list[Tile]:
    known, names = told(dataset, record), names_of(dataset.dataset_id)
    words = [*notes, *[""] * (len(samples) - len(notes))]
    return [
        Tile(s, _spoken(s, names[s], dataset, record, known), state(known, s), note)
        for s, note in zip(samples, words, strict=True)
    ]


@st.cache_resource(show_spinner=False)
def _names() -> Recent[str, list[str]]:
    return Recent(DATASETS)


def names_of(dataset_id: str) -> list[str]:
    """What each sample is called, by its place; read once."""
    return _names().made(dataset_id, lambda: resources.dataset(dataset_id).names)


def state(known: Told, sample: int) -> str:
    """right, wrong, unknown."""
    return {1.0: "right", 0.0: "wrong"}.get(float(known.correct[sample]), "unknown")


def _spoken(sample: int, name: str, dataset: DatasetRecord, record: PassRecord | None, known: Told) -> str:
    said = name_of(int(known.prediction[sample]), record.class_names) if record else ""
    correct = {"right": True, "wrong": False}.get(state(known, sample))
    words = spoken(name, name_of(int(known.labels[sample]), dataset.class_names), said or None, correct)
    if said and "confidence" in known.numbers:
        words += f", {percent(finite(float(known.numbers['confidence'][sample])), 0)} sure"
    return words


def document(made: Sequence[Tile], pictures: bytes, side: int, label: str) -> dict[str, Any]:
    """What the browser draws. pictures: their sprite, of cells of `side` pixels."""
    columns, rows = grid(len(made))
    found = {"side": SIDE, "label": label, "tiles": [_json(t) for t in made]}
    stamp = hashlib.sha256(json.dumps(found).encode() + pictures).hexdigest()
    src = f"data:image/{'png' if side <= TINY else 'webp'};base64,{base64.b64encode(pictures).decode()}"
    drawn = {"src": src, "columns": columns, "rows": rows, "pixels": side <= TINY}
    return found | {"sprite": drawn, "stamp": stamp}


def _json(tile: Tile) -> dict[str, Any]:
    return {"sample": tile.sample, "spoken": tile.spoken, "state": tile.state, "note": tile.note}


def _sprite(dataset_id: str, ids: Sequence[int]) -> tuple[bytes, int]:
    """The thumbnails in one file, kept for the next time, and the side of a cell: tiny images keep their pixels."""
    images = resources.dataset(dataset_id)
    shape = images.image_shape
    side = max(shape[:2]) if shape is not None and max(shape[:2]) <= TINY else 2 * SIDE

    def drawn() -> bytes:
        with ThreadPoolExecutor(DECODERS) as pool:
            return sprite(list(pool.map(lambda sample: images.thumbnail(sample, side), ids)), side)

    return resources.sprites().made(digest(dataset=dataset_id, samples=list(ids), side=side, small=True), drawn), side
