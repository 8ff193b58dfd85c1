"""Class subspaces where classes have few samples: n of any number of directions, and what is said of too many."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analysis.datasets.opened import OpenDataset
from app.figures.geometry_subspaces import by_count
from tests.app.beside import closed, drawn
from tests.app.geometry_beside import measured, opened
from tests.embeddings_workspace import Made

KEY = "geometry.subspaces.k"


@pytest.fixture
def few(workspace: Path) -> Iterator[Made]:
    yield measured(workspace, 50, 12, 16, 1)
    closed()


def at(page: AppTest, k: int, sign: str) -> list[str]:
    """What is said once the view is there for k directions."""
    page.slider(key=KEY).set_value(k)
    said: list[str] = []
    for _ in range(20):
        drawn(page)
        said = [c.value.replace("\\", "") for c in page.caption] + [i.value.replace("\\", "") for i in page.info]
        if any(sign in text for text in said):
            break
    return said


def test_n_is_that_of_the_classes_which_span_so_many_directions(few: Made, workspace: Path) -> None:
    labels = np.asarray(OpenDataset.open(workspace / "datasets" / few.dataset.dataset_id).labels)
    counts = np.bincount(labels, minlength=12)
    page = drawn(opened("subspaces"))
    for k in (1, 3):
        there = counts[counts >= k]
        said = at(page, k, f"samples · k = {k}")
        assert any(
            text.startswith(f"{len(there)} of 12 classes · n = {there.sum()} samples · k = {k}") for text in said
        )


@pytest.mark.usefixtures("few")
def test_too_many_directions_leave_the_rest_of_the_view() -> None:
    said = at(drawn(opened("subspaces")), 8, "at k = 8 is not defined")
    assert any("Fewer directions may do" in text for text in said)
    assert any("at k = 8 · n = " in text for text in said)


def test_lines_and_slider_end_together() -> None:
    figure = by_count({"net": np.linspace(0.5, 0.9, 8)}, {"net": "#0B6E69"}, "Accuracy", chosen=6).to_dict()
    assert figure["layout"]["xaxis"]["range"][1] > 8
    assert figure["layout"]["shapes"][0]["x0"] == 6
