"""The gallery beside the panes: orders, pages, the sample that was clicked."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.embeddings_choice import Choice, Laid, Pane, Subject
from app.widgets.embeddings import images
from app.widgets.embeddings.numbers import told
from app.widgets.embeddings.small import Tile, document, tiles
from tests.app.beside import SCRIPT, closed, drawn, said
from tests.embeddings_workspace import Made, made

SIZE = 120


@pytest.fixture
def filled(workspace: Path) -> Iterator[Made]:
    yield made(workspace, SIZE, 4, 16)
    closed()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """What the gallery was asked to draw, each time; its first picture is a button."""
    found = []

    def small(subject: Subject, samples: list[int], key: str, label: str, on_pick: Callable, **_: Any) -> None:
        found.append(list(samples))
        st.button("first", on_click=on_pick, args=(samples[0],))

    monkeypatch.setattr(images, "small", small)
    return found


def _subject(filled: Made, points: np.ndarray | None = None, sample: int | None = None) -> Subject:
    laid = Laid(Pane(model="net"), points=points, record=filled.passes[0])
    return Subject(Choice(sample=sample), filled.dataset, (laid,))


def test_orders_begin_with_what_is_odd(filled: Made) -> None:
    subject, known = _subject(filled), told(filled.dataset, filled.passes[0])
    found = images.sorted_by(subject, subject.about, "confidence")
    assert (np.diff(known.numbers["confidence"][found]) >= 0).all()
    assert images.sorted_by(subject, subject.about, "confidence", turned=True)[0] == found[-1]
    found = images.sorted_by(subject, subject.about, "wrong")
    wrong = int(np.sum(known.correct == 0))
    assert wrong > 0
    assert (known.correct[found[:wrong]] == 0).all()
    some = replace(subject, selected=np.array([5, 9, 40], np.int32))
    assert images.sorted_by(some, some.about, "sample", turned=True).tolist() == [40, 9, 5]


def test_the_nearest_in_the_picture_come_first_and_those_without_a_place_last(filled: Made) -> None:
    points = np.stack([np.arange(SIZE), np.zeros(SIZE)], axis=1).astype(np.float32)
    points[7] = np.nan
    subject = _subject(filled, points, sample=10)
    found = images.sorted_by(subject, subject.about, "distance")
    assert found[:4].tolist() == [10, 9, 11, 8]
    assert found[-1] == 7
    assert images.sorted_by(_subject(filled, points, sample=7), subject.about, "distance").tolist() == list(range(SIZE))


def test_a_click_picks_and_another_lets_go(filled: Made, shown: list[list[int]]) -> None:
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    drawn(page)
    assert shown[-1] == list(range(images.ON_A_PAGE))
    page.button[-1].click()
    drawn(page)
    assert page.query_params["sample"] == "0"
    table = next(m for m in said(page) if m.startswith("| Pane"))
    known, other = (told(filled.dataset, p) for p in filled.passes)
    for place, (model, of) in enumerate((("net", known), ("net\\-50", other)), start=1):
        name = filled.dataset.class_names[of.prediction[0]]
        line = next(row for row in table.splitlines() if row.startswith(f"| {place} {model} |"))
        assert name in line
        assert f"{100 * of.numbers['confidence'][0]:.1f}{images.NARROW}%" in line
    page.button[-1].click()
    drawn(page)
    assert "sample" not in page.query_params


def test_pages_and_selections(filled: Made, shown: list[list[int]]) -> None:
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    drawn(page)
    page.session_state[images.page_key(np.arange(SIZE))] = 3
    drawn(page)
    assert shown[-1] == list(range(2 * images.ON_A_PAGE, SIZE))
    page.selectbox(key=f"{images.KEY}.order").set_value("margin")
    drawn(page)
    margin = told(filled.dataset, filled.passes[0]).numbers["margin"]
    assert shown[-1] == np.argsort(margin, kind="stable")[: images.ON_A_PAGE].tolist()


def test_an_address_with_a_sample_that_is_not_there(filled: Made, shown: list[list[int]]) -> None:
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    page.query_params["sample"] = "5000"
    drawn(page)
    assert [w.value for w in page.warning] == ["There is no sample 5,000; the dataset has 120."]


def test_tiles_say_what_is_right(filled: Made) -> None:
    known = told(filled.dataset, filled.passes[0])
    wrong, right = (int(np.flatnonzero(known.correct == c)[0]) for c in (0, 1))
    first, second = tiles(filled.dataset, filled.passes[0], [wrong, right], ["far"])
    assert (first.state, first.note, second.state, second.note) == ("wrong", "far", "right", "")
    assert "wrong" in first.spoken
    assert "correct" in second.spoken
    (unknown,) = tiles(filled.dataset, None, [right])
    assert unknown.state == "unknown"
    made = document([first, Tile(3, "x", "right")], b"sprite", 8, "Samples")
    assert made["sprite"]["pixels"]
    assert [t["sample"] for t in made["tiles"]] == [wrong, 3]
    assert made["stamp"] != document([first], b"sprite", 8, "Samples")["stamp"]
