"""The views of classes, subspaces and similarity over a made-up workspace, clicked without a browser."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st

from app import resources
from app.widgets.geometry import class_order, matrices
from app.widgets.geometry.spot import of_classes, spot_of
from tests.app.beside import closed, drawn, said
from tests.app.geometry_beside import TAPS, measured, opened, subject
from tests.embeddings_workspace import Made

SIZE, CLASSES = 300, 4


@pytest.fixture
def filled(workspace: Path) -> Iterator[Made]:
    yield measured(workspace, SIZE, CLASSES, 16)
    closed()


def _captions(page: Any) -> list[str]:
    return [c.value for c in page.caption]


def test_classes_are_shown_and_a_row_selects_its_samples(filled: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    real = st.dataframe

    def clicked(key: str, on_select: Callable[[], None]) -> None:
        st.session_state[key] = {"selection": {"cells": [(1, "Class")]}}
        on_select()
        del st.session_state[key]

    def table(rows: Any, *, on_select: Any = None, key: str = "", **_: Any) -> None:
        real(rows)
        if on_select is not None:
            st.button("second row", key=f"click.{key}", on_click=clicked, args=(key, on_select))

    monkeypatch.setattr(st, "dataframe", table)
    page = drawn(opened("classes"))
    assert "**Class weights**" in said(page)
    assert "4 of 4 classes · of the weights alone · cosine" in _captions(page)
    assert any("n = 300 samples" in c for c in _captions(page))
    tables = [t.value for t in page.dataframe]
    each = next(t for t in tables if "Samples" in t)
    assert each["Samples"].sum() == SIZE
    assert {"Angle", "Length", "Margin", "|w|", "Closest mean"} <= set(each)
    pairs = next(t for t in tables if "cosine" in t)
    assert len(pairs) == CLASSES * (CLASSES - 1) // 2
    assert pairs["cosine"].is_monotonic_decreasing
    button = next(b for b in page.button if b.key.startswith("click.geometry.class_table"))
    labels = np.asarray(resources.dataset(filled.dataset.dataset_id).labels)
    button.click()
    assert f"selected: {int((labels == 1).sum())} class class 1" in said(drawn(page))


def test_without_a_head_there_are_means_and_it_is_said_why(filled: Made) -> None:
    page = drawn(opened("classes", tap="conv1"))
    assert "**Class weights**" not in said(page)
    assert "**Class means**" in said(page)
    assert any("no linear head reads these features" in c for c in _captions(page))
    assert any("no linear head" in i.value for i in page.info)  # margins


def test_orders_and_clicks(filled: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(st, "session_state", {"geometry.address.choice": None})
        held: list[Any] = []
        patch.setattr("app.linked.hold", lambda dataset, samples, words: held.append((samples, words)))
        from app.geometry_choice import PAGE, Choice

        patch.setattr(PAGE, "current", Choice)
        shown = subject()
        spot = spot_of(shown.first, TAPS[-1])
        assert spot is not None
        leaves = class_order.leaf_order(spot)
        assert sorted(leaves.tolist()) == list(range(CLASSES))
        known = of_classes(shown, spot)
        assert known.counts.sum() == SIZE
        labels = np.asarray(resources.dataset(filled.dataset.dataset_id).labels)
        np.testing.assert_array_equal(known.own, labels)
        np.testing.assert_allclose(np.average(known.accuracy, weights=known.counts), spot.record.accuracy)
        for order in class_order.ORDERS:
            patch.setattr(PAGE, "current", lambda order=order: Choice(order=order))
            ordered = class_order.shown(subject(), spot, np.arange(CLASSES))
            assert sorted(ordered.tolist()) == list(range(CLASSES))
            if order == "accuracy":
                assert (np.diff(known.accuracy[ordered]) >= 0).all()
        patch.setattr(PAGE, "current", lambda: Choice(classes=("class 1", "class 3")))
        assert class_order.shown(subject(), spot, np.arange(CLASSES)).tolist() == [1, 3]
        names = tuple(reversed(spot.names))
        turned = replace(spot, network=replace(spot.network, record=replace(spot.record, class_names=names)))
        assert class_order.shown(subject(), turned, np.arange(CLASSES)).tolist() == [0, 2]  # the same two, by name
        matrices.pair(shown, spot, matrices.KINDS["weights"], 0, 2, "here")
        matrices.pair(shown, spot, matrices.KINDS["margins"], 0, 2, "here")
        np.testing.assert_array_equal(held[0][0], np.flatnonzero((labels == 0) | (labels == 2)))
        assert held[1][1] == "class class 0"


def test_subspaces_at_any_number_of_directions(filled: Made) -> None:
    page = drawn(opened("subspaces"))
    assert any(c.startswith("4 of 4 classes · n = 300 samples · k = 4") for c in _captions(page))
    page.slider(key="geometry.subspaces.k").set_value(6)
    for _ in range(20):
        drawn(page)
        if any("k = 6" in c and "classes" in c for c in _captions(page)):
            break
    assert any(c.startswith("4 of 4 classes · n = 300 samples · k = 6") for c in _captions(page))
    assert any("at k = 6" in c for c in _captions(page))


def test_layers_and_networks_are_compared(filled: Made) -> None:
    page = drawn(opened("similarity"))
    assert {"**net**", "**net\\-50**", "**Models with each other**", "**By depth**"} <= set(said(page))
    assert any("most changes between" in c for c in _captions(page))
    page.selectbox(key="geometry.w.similarity.measure").set_value("procrustes")
    drawn(page)
    assert any("is not measured yet" in i.value for i in page.info)
    assert any(b.label.startswith("Measure ") for b in page.button)


@pytest.fixture
def many(workspace: Path) -> Iterator[Made]:
    yield measured(workspace, 1500, 300, 8, 1)
    closed()


@pytest.mark.usefixtures("many")
def test_of_many_classes_some_can_be_picked() -> None:
    page = drawn(opened("classes", order="similarity"))
    assert any(c.startswith("300 of 300 classes · of the weights alone · cosine") for c in _captions(page))
    page.multiselect[0].set_value(["class 005", "class 009", "class 200"])
    drawn(page)
    assert "3 of 300 classes · of the weights alone · cosine" in _captions(page)
