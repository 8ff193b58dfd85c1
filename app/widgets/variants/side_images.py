"""Which pictures stand before the models: uploads and samples, or images of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from analysis.datasets.decoding import decode
from analysis.records import UNLABELLED, DatasetRecord, Filter
from analysis.types import Picture
from app import resources
from app.boundary import guarded
from app.figures.tiles import name_of
from app.variants_choice import PAGE, SHORT, Choice
from app.widgets.uploads import pictures, refusals
from app.widgets.variants.side_passes import between

if TYPE_CHECKING:
    from models.classifier import Classifier

MOST = 6
"""Pictures at once."""

FIRST = 3
OWN = "pictures"


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A picture, and what is known of its truth."""

    picture: Picture
    truth: str  # as the dataset says it; empty where it says nothing
    known: tuple[int | None, ...]  # as each model's class


def images(choice: Choice, models: Sequence[Classifier]) -> tuple[Choice, list[Image]]:
    """Draw the choice; it, and the pictures."""
    records = resources.store().datasets()
    names = {OWN: "Uploads and sample pictures"} | {d.dataset_id[:SHORT]: f"{d.name} ({d.size:,})" for d in records}
    first = next((short for short in names if choice.data and short.startswith(choice.data[:SHORT])), OWN)
    left, right = st.columns([5, 4], vertical_alignment="bottom")
    key = PAGE.seed("images", first, names)
    data = left.selectbox(
        "Pictures", names, key=key, format_func=lambda i: names.get(i) or i, on_change=guarded(_others), args=(key,)
    )
    dataset = next((d for d in records if data and d.dataset_id.startswith(data)), None)
    if dataset is None:
        right.caption("Upload or pick them at the left; the corner of one adds it.")
        return replace(choice, data="", selection="", samples=()), _own(choice, models)
    choice = replace(choice, data=dataset.dataset_id[:SHORT])
    with right:
        choice = replace(choice, selection=_selection(choice, dataset))
    maps = [_class_map(dataset, model) for model in models]
    return choice, [_sample(dataset, sample, maps) for sample in _samples(choice, dataset, models)]


def _others(key: str) -> None:
    """Other pictures: what was chosen of those before is not chosen of these."""
    data = st.session_state[key]
    PAGE.change(data="" if data == OWN else data, selection="", samples=())


def _own(choice: Choice, models: Sequence[Classifier]) -> list[Image]:
    with st.sidebar:
        shown = pictures(choice.pictures, lambda digests: PAGE.change(pictures=digests))
    refusals()
    return [Image(picture, "", (None,) * len(models)) for picture in shown[:MOST]]


def _selection(choice: Choice, dataset: DatasetRecord) -> str:
    found = resources.store().selections(dataset.dataset_id)
    if not found:
        st.caption("No selection of this dataset is saved yet.")
        return ""
    words = {"": "All images"} | {s.selection_id: f"{s.name} ({s.size:,})" for s in found}
    if choice.selection and choice.selection not in words:
        st.warning("This address names a selection that is not in this workspace.", icon=":material/bookmark_remove:")
    key = PAGE.seed("selection", choice.selection if choice.selection in words else "", words)
    return st.selectbox("Selection", words, key=key, format_func=lambda i: words.get(i) or i) or ""


def _samples(choice: Choice, dataset: DatasetRecord, models: Sequence[Classifier]) -> list[int]:
    """Those chosen; else those that changed most, where both passes are there; else the first."""
    chosen = [sample for sample in choice.samples if sample < dataset.size][:MOST]
    if chosen:
        return chosen
    store, asked = resources.store(), Filter(dataset.dataset_id, selection_id=choice.selection or None)
    passes = between(dataset.dataset_id, models[0], models[1]) if len(models) > 1 else None
    if passes and passes.complete:
        for agree in (False, None):
            if found := store.changes(passes.filter(choice.selection, agree), passes.number, limit=FIRST):
                return [c.sample for c in found]
    return [s.sample for s in store.samples(asked, limit=FIRST)]


def _class_map(dataset: DatasetRecord, model: Classifier) -> tuple[int, ...]:
    """The dataset's classes as the model's, as its passes have them."""
    from analysis.pipelines.predict import matched

    by_hand = resources.store().class_map(dataset.dataset_id, model.fingerprint) or {}
    return matched(dataset.class_names, model.class_names, by_hand)


def _sample(dataset: DatasetRecord, sample: int, maps: Sequence[tuple[int, ...]]) -> Image:
    label = int(resources.dataset(dataset.dataset_id).labels[sample])
    places = [found[label] if 0 <= label < len(found) else UNLABELLED for found in maps]
    known = tuple(None if place == UNLABELLED else place for place in places)
    return Image(_picture(dataset.dataset_id, sample), name_of(label, dataset.class_names), known)


@st.cache_resource(show_spinner=False, max_entries=64)
def _picture(dataset_id: str, sample: int) -> Picture:
    name, data = resources.dataset(dataset_id).encoded(sample)
    return decode(data, name)
