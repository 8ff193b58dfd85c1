"""Lengths against class sizes: drawn where classes differ in size, and only there; a click selects the class."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.figures.geometry_sizes import by_size
from app.widgets.geometry import class_sizes
from tests.app.beside import closed, drawn, said
from tests.app.geometry_beside import measured, opened
from tests.embeddings_workspace import Made


@pytest.fixture
def filled(workspace: Path) -> Iterator[Made]:
    yield measured(workspace, 300, 5, 16)
    closed()


@pytest.mark.usefixtures("filled")
def test_sizes_are_drawn_where_they_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_sizes, "UNEVEN", 3.0)
    assert "**Class sizes and weights**" not in said(drawn(opened("classes")))  # about sixty of each
    monkeypatch.setattr(class_sizes, "UNEVEN", 1.01)
    page = drawn(opened("classes"))
    assert {"**Class sizes and weights**", "**Class sizes and means**"} <= set(said(page))
    assert any(c.value.startswith("Weight lengths as class sizes predict: **") for c in page.caption)
    assert "**Class sizes and weights**" not in said(drawn(opened("classes", tap="conv1")))  # no head reads it


def test_each_class_is_a_point_and_the_prediction_a_line() -> None:
    counts, lengths, predicted = np.array([30, 10, 20]), np.array([3.0, 1.0, 2.5]), np.array([3.0, 1.1, 2.0])
    line, points = by_size(counts, lengths, predicted, ("a", "<b>", "c"), (4, 7, 9), title="Length").data
    assert (list(line.x), list(line.y)) == ([10, 20, 30], [1.1, 2.0, 3.0])
    assert (list(points.x), list(points.y)) == (counts.tolist(), lengths.tolist())
    assert [code for (code,) in points.customdata] == [4, 7, 9]
    assert list(points.text) == ["a", "&lt;b&gt;", "c"]
    (alone,) = by_size(counts, lengths, None, ("a", "b", "c"), (4, 7, 9), title="Length").data
    assert alone.mode == "markers"
