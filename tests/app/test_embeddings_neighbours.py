"""Neighbours beside the panes: those that sorting all distances finds."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.passes.features import feature_path
from app import resources
from app.widgets.embeddings import neighbours
from tests.app.beside import SCRIPT, closed, drawn, said
from tests.embeddings_workspace import TAP, Made, made

SIZE, PICKED = 150, 11


@pytest.fixture
def filled(workspace: Path) -> Iterator[Made]:
    yield made(workspace, SIZE, 4, 16)
    closed()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[int], list[str]]]:
    """What each pane's row was asked to draw, with its notes."""
    found = []

    def small(_: Any, samples: list[int], key: str, label: str, on_pick: Callable, notes: Any, **rest: Any) -> None:
        found.append((list(samples), list(notes)))
        st.button("first", key=f"{key}.first", on_click=on_pick, args=(samples[0],))

    monkeypatch.setattr(neighbours, "small", small)
    return found


def _page() -> AppTest:
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    page.query_params["view"] = "neighbours"
    return page


def _features(filled: Made, place: int) -> np.ndarray:
    return np.load(feature_path(filled.workspace / "passes" / filled.passes[place].pass_id, TAP)).astype(np.float64)


def test_without_a_sample_it_says_what_to_do(filled: Made) -> None:
    page = drawn(_page())
    assert [i.value.partition(",")[0] for i in page.info] == ["Click a point in a pane"]


def test_each_pane_has_its_nearest(filled: Made, shown: list[tuple[list[int], list[str]]]) -> None:
    page = _page()
    page.query_params["sample"] = str(PICKED)
    drawn(page)
    labels = np.asarray(resources.dataset(filled.dataset.dataset_id).labels)
    assert len(shown) == 2
    for place, (samples, notes) in enumerate(shown):
        values = _features(filled, place)
        unit = values / np.linalg.norm(values, axis=1, keepdims=True)
        away = 1 - unit @ unit[PICKED]
        away[PICKED] = np.inf
        assert samples == np.argsort(away)[:10].tolist()
        assert notes[0] == f"{away.min():#.3g}"
        same = int(np.sum(labels[samples] == labels[PICKED]))
        assert any(f"{same} of 10 share its class, class {labels[PICKED]}" in text for text in said(page))
    page.button(key="embeddings.neighbours.select.1").click()
    drawn(page)
    assert f"selected: 11 nearest 10 to sample {PICKED} in net-50" in said(page)


def test_another_distance_and_another_count(filled: Made, shown: list[tuple[list[int], list[str]]]) -> None:
    page = _page()
    page.query_params["sample"] = str(PICKED)
    drawn(page)
    shown.clear()
    page.selectbox(key="embeddings.neighbours.k").set_value(20)
    page.session_state["embeddings.neighbours.metric"] = "euclidean"
    drawn(page)
    away = np.linalg.norm(_features(filled, 0) - _features(filled, 0)[PICKED], axis=1)
    away[PICKED] = np.inf
    assert shown[0][0] == np.argsort(away)[:20].tolist()
    page.button(key="embeddings.neighbours.near.0.first").click()
    drawn(page)
    assert page.query_params["sample"] == str(int(np.argmin(away)))


def test_features_that_are_gone_are_told(filled: Made) -> None:
    feature_path(filled.workspace / "passes" / filled.passes[1].pass_id, TAP).unlink()
    page = _page()
    page.query_params["sample"] = str(PICKED)
    page.run()
    assert not page.exception
    assert sum("share its class" in text for text in said(page)) == 1
