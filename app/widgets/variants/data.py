"""Which images pruning reads: a dataset of the workspace, or a way to get one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analysis.records import DatasetRecord
from app import families, frame, resources, words
from app.boundary import plain
from app.variant_options import NO_IMAGES
from app.variants_choice import PAGE, SHORT

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member
    from models.recipes.recipe import Recipe

GENERATED = 4000
"""Images that are offered to be generated."""


def fitting(class_names: Sequence[str]) -> list[DatasetRecord]:
    """Datasets with labels, those that share most classes with a model first, the larger first among equals."""
    theirs = {name.casefold() for name in class_names}
    records = [r for r in resources.store().datasets() if r.labelled]
    return sorted(records, key=lambda r: (-_shared(r, theirs), -r.size))


def fits(record: DatasetRecord, class_names: Sequence[str]) -> bool:
    """Whether they share a class by name."""
    return _shared(record, {name.casefold() for name in class_names}) > 0


def _shared(record: DatasetRecord, theirs: set[str]) -> int:
    return len(theirs.intersection(map(str.casefold, record.class_names)))


def section(
    chosen: str, base: str, class_names: Sequence[str], found: Sequence[Member]
) -> tuple[DatasetRecord | None, str]:
    """Draw the choice, and how to get images where none fit; the dataset, and what the address says of it."""
    records = fitting(class_names)
    options = {NO_IMAGES: "No images"} | {r.dataset_id[:SHORT]: _words(r) for r in records}
    first = records[0].dataset_id[:SHORT] if records and fits(records[0], class_names) else NO_IMAGES
    value = chosen[:SHORT] if chosen[:SHORT] in options else first
    key = PAGE.seed("build.data", value, options)
    short = st.selectbox("Images", options, key=key, format_func=lambda o: options.get(o) or o, help=_HELP) or NO_IMAGES
    if first == NO_IMAGES:
        _offer(base, found)
    record = next((r for r in records if r.dataset_id.startswith(short)), None)
    return record, "" if short == first else short


_HELP = (
    "For methods that read images, for fine-tuning and for BatchNorm: best images like those that the base was trained "
    "on, not those that you measure on."
)


def _words(record: DatasetRecord) -> str:
    return f"{record.name} · {words.plural(record.labelled, 'image')}"


def _offer(base: str, found: Sequence[Member]) -> None:
    """No dataset fits: generate what the base was trained on, or say what to import."""
    founder = families.founder(base, found)
    recipe = _recipe(founder)
    if recipe is not None and recipe.train is not None:
        params = dict(recipe.train.params)
        if "count" in params:
            params["count"] = min(int(params["count"]), GENERATED)
        name = f"{recipe.train.generator} to prune with"
        st.caption(plain(f"No dataset here has the classes of {base}. It was trained on generated images."))
        label = f"Generate {params['count']:,} images" if "count" in params else "Generate such images"
        if st.button(label, icon=":material/auto_awesome:", key="variants.generate"):
            _generate(recipe.train.generator, name, params)
        return
    trained = f" It was trained on {recipe.data}." if recipe is not None and recipe.data else ""
    st.caption(
        plain(f"No dataset here has the classes of {base}.{trained} Import some of its images to use them here.")
    )
    frame.link("workspace", "Import images", ":material/database:", tab="add")


def _generate(generator: str, name: str, params: dict) -> None:
    from analysis.datasets.generated import GENERATORS

    arguments = {"kind": generator, "name": name, "params": GENERATORS[generator].bound(params)}
    frame.submit("generate", arguments, f"Generating {name}")


def _recipe(name: str) -> Recipe | None:
    """How a bundled model was trained."""
    from models.recipes import RECIPES

    if name not in RECIPES:
        return None
    return RECIPES[name]
