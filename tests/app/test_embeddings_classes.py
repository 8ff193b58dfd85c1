"""Classes and confusion beside the panes: counted by hand, clicked without a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from sklearn.metrics import confusion_matrix
from streamlit.testing.v1 import AppTest

from analysis.records import UNLABELLED
from app import resources
from app.widgets.embeddings import explore
from app.widgets.embeddings.counts import by_class, by_name, confused
from app.widgets.embeddings.numbers import told
from tests.app.beside import SCRIPT, closed, drawn, said
from tests.embeddings_workspace import Made, made

SIZE = 300


def test_lift_is_the_share_among_some_over_the_share_among_all() -> None:
    codes = np.array([0, 0, 0, 0, 1, 1, 2, UNLABELLED])
    correct = np.array([1, 1, 0, 0, 1, 0, np.nan, np.nan])
    found = by_class(codes, correct, np.array([0, 4, 5, 7]))
    assert found.classes.tolist() == [1, 0, 2]
    assert found.some.tolist() == [2, 1, 0]
    assert found.all.tolist() == [2, 4, 1]
    np.testing.assert_allclose(found.lift, [(2 / 3) / (2 / 7), (1 / 3) / (4 / 7), 0])
    np.testing.assert_allclose(found.right, [0.5, 1, np.nan])
    np.testing.assert_allclose(found.right_all, [0.5, 0.5, np.nan])


def test_nothing_is_no_class() -> None:
    found = by_class(np.array([1, 0, 1]), np.full(3, np.nan), np.array([], np.int32))
    assert found.some.tolist() == [0, 0]
    assert found.lift.tolist() == [0, 0]
    assert not len(by_class(np.full(3, -1), np.full(3, np.nan), np.arange(3)).classes)


def test_confusion_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    rows, columns = rng.integers(-1, 5, (2, 400))
    found = confused(rows, columns, tuple("abcde"), 5)
    both = (rows >= 0) & (columns >= 0)
    np.testing.assert_array_equal(found.counts, confusion_matrix(rows[both], columns[both]))
    assert found.row_names == tuple("abcde")


def test_of_many_classes_those_with_most_errors_stay() -> None:
    rows, columns = np.array([0, 0, 1, 2, 2, 2, 3, 3]), np.array([0, 0, 3, 2, 2, 2, 1, 1])
    found = confused(rows, columns, tuple("abcd"), 2)
    assert found.row_names == ("b", "d")
    assert found.counts.tolist() == [[0, 1], [2, 0]]


def test_classes_of_two_models_meet_by_name() -> None:
    assert by_name(np.array([0, 1, 2, -1]), ("cat", "dog", "cow"), ("cow", "cat")).tolist() == [1, -1, 0, -1]


@pytest.fixture
def filled(workspace: Path) -> Iterator[Made]:
    yield made(workspace, SIZE, 4, 16)
    closed()


def test_a_click_on_a_class_selects_all_its_images(filled: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    real = st.dataframe

    def clicked(key: str, on_select: Callable[[], None]) -> None:
        st.session_state[key] = {"selection": {"cells": [(1, "Lift")]}}
        on_select()
        del st.session_state[key]

    def table(rows: Any, *, on_select: Callable[[], None], key: str, **_: Any) -> None:
        real(rows)
        st.button("second row", on_click=clicked, args=(key, on_select))

    monkeypatch.setattr(st, "dataframe", table)
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    page.query_params["view"] = "classes"
    drawn(page)
    rows = page.dataframe[0].value
    assert sorted(rows["Class"].tolist()) == list(filled.dataset.class_names)
    assert sum(rows["Here"].tolist()) == SIZE
    assert set(rows["Lift"]) == {1.0}
    name = rows["Class"][1]
    count = int(np.sum(resources.dataset(filled.dataset.dataset_id).labels == filled.dataset.class_names.index(name)))
    page.button[-1].click()
    assert f"selected: {count} labelled {name}" in said(drawn(page))
    rows = page.dataframe[0].value
    assert rows["Class"].tolist()[0] == name
    assert rows["Lift"].tolist()[0] == pytest.approx(SIZE / count)
    assert rows["Here"].tolist() == [count, 0, 0, 0]


@pytest.fixture
def many(workspace: Path) -> Iterator[Made]:
    yield made(workspace, 1200, 1000, 8, 1)
    closed()


@pytest.mark.usefixtures("many")
def test_a_thousand_classes_are_searched() -> None:
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    page.query_params["view"] = "classes"
    drawn(page)
    page.text_input(key="embeddings.classes.find").set_value("CLASS 01")
    drawn(page)
    names = page.dataframe[0].value["Class"].tolist()
    assert len(names) > 4
    assert all(name.startswith("class 01") for name in names)
    page.text_input(key="embeddings.classes.find").set_value("zebra")
    drawn(page)
    assert [i.value for i in page.info] == ["No class is called so."]


def test_a_cell_selects_its_samples(filled: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def chart(figure: Any, key: str, on_click: Callable[[list[int]], None]) -> None:
        st.button("cell", on_click=on_click, args=([1, 1],))

    monkeypatch.setattr(explore, "clickable", chart)
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    page.query_params["view"] = "confusion"
    drawn(page)
    page.button[-1].click()
    drawn(page)
    known = told(filled.dataset, filled.passes[0])
    count = int(np.sum((known.labels == 1) & (known.prediction == 1)))
    assert count > 50
    assert f"selected: {count} Label class 1, net class 1" in said(page)
    assert any(c.value.startswith(f"{count} of {count} samples agree") for c in page.caption)
