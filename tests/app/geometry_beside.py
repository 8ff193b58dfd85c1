"""A page with one view of the Geometry page, over a made-up workspace whose features are measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.datasets.opened import OpenDataset
from analysis.geometry.features import Features
from analysis.passes.features import feature_path
from analysis.pipelines.geometry_measuring import kept, measure_tap, predictions_of
from analysis.pipelines.geometry_similarity import as_numbers, measured_pairs
from analysis.store import Store
from app import linked, resources
from app.boundary import boundary, failed
from app.geometry_choice import PAGE, Network, Subject
from app.widgets.geometry import shell
from tests.embeddings_workspace import TAP, Made, made

SCRIPT = """
import streamlit as st
from tests.app.geometry_beside import page

shown = st.Page(page, title="Geometry", url_path="geometry", default=True)
st.navigation([shown], position="hidden").run()
"""
TAPS = ("conv1", "layer2.0", TAP)


def measured(
    folder: Path, samples: int = 400, classes: int = 4, width: int = 16, models: int = 2, *, head: bool = True
) -> Made:
    """Three layers, the first two with more noise; all that is not slow, and CKA of layers and of networks."""
    found = made(folder, samples, classes, width, models, pictures=False)
    labels = np.asarray(OpenDataset.open(folder / "datasets" / found.dataset.dataset_id).labels)
    rng = np.random.default_rng(7)
    seen: dict[str, dict[str, Features]] = {}
    with Store.open(folder) as store:
        for record in found.passes:
            place = folder / "passes" / record.pass_id
            values = np.load(feature_path(place, TAP))
            own = [values[labels == c] for c in range(classes)]
            means = np.stack([(few if len(few) else values).mean(axis=0) for few in own])
            seen[record.pass_id] = layers = {}
            for number, tap in enumerate(TAPS):
                noisy = (values + (2 - number) * rng.standard_normal(values.shape)).astype(np.float32)
                weights = (
                    {"weight": 0.3 * means, "bias": -0.15 * np.square(means).sum(1)} if tap == TAP and head else {}
                )
                np.save(feature_path(place, tap), noisy)
                layers[tap] = Features(
                    noisy, labels, class_names=record.class_names, predictions=predictions_of(folder, record),
                    **weights,
                )  # fmt: skip
                store.geometry.save(*kept(measure_tap(layers[tap]), record.pass_id, tap, number))
        _pairs(store, seen)
    return found


def _pairs(store: Store, seen: dict[str, dict[str, Features]]) -> None:
    places, ids = {tap: i for i, tap in enumerate(TAPS)}, list(seen)
    inner = [(a, b) for i, a in enumerate(TAPS) for b in TAPS[i + 1 :]]
    for i, one in enumerate(ids):
        for two in ids[i:]:
            pairs = inner if one == two else [(tap, tap) for tap in TAPS]
            said = measured_pairs("cka", seen[one], None if one == two else seen[two], pairs, lambda *_: None)
            store.geometry.save(*as_numbers("cka", said, one, two, places))


def subject() -> Subject:
    """All networks of the only dataset that was measured first."""
    store, choice = resources.store(), PAGE.current()
    records = sorted(store.passes(), key=lambda p: p.model_name)
    of = {p.dataset_id for p in records if store.geometry.numbers([p.pass_id])}
    dataset = next(d for d in store.datasets() if d.dataset_id in of)
    networks = tuple(
        Network(
            r.model_name,
            replace(r, taps=TAPS),
            tuple(store.geometry.numbers([r.pass_id])),
            dataset_classes=dataset.class_names,
        )
        for r in records
        if r.dataset_id == dataset.dataset_id
    )
    selected, words = linked.held(dataset.dataset_id)
    return Subject(choice, dataset, networks, selected, words)


def page() -> None:
    """The view that the address names."""
    from importlib import import_module

    with boundary():
        failed()
        shown = subject()
        st.html(shell.STYLE)
        st.markdown(f"selected: {None if shown.selected is None else len(shown.selected)} {shown.words}")
        import_module(f"app.widgets.geometry.{shown.choice.view}").section(shown)
        PAGE.keep(shown.choice)


def opened(view: str, **query: str) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    at.query_params["view"] = view
    for name, value in query.items():
        at.query_params[name] = value
    return at
