"""A picture of one's own among the classes: placed by a job, told in words, removed."""

import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from analysis.pipelines.embedding_neighbours import Near
from analysis.pipelines.geometry_placing import Percentile, PlacedUpload
from analysis.types import Prediction
from app import resources
from app.widgets.geometry.place import nearest_classes, usual
from tests.app.beside import closed, drawn, said
from tests.app.geometry_beside import measured, opened
from tests.embeddings_workspace import Made

NEAR = Near(np.array([[3, 1, 4, 15, 9]]), np.array([[0.1, 0.2, 0.3, 0.4, 0.5]], np.float32), "cosine")
PLACED = PlacedUpload(
    tap="penultimate",
    features=np.ones(16, np.float32),
    predictions=(Prediction(1, "class 1", 0.75, 2.0), Prediction(0, "class 0", 0.25, 1.0)),
    weight_angles=np.array([70.0, 20, 95, np.nan]),
    mean_angles=np.array([60.0, np.nan, 99, 100]),
    mean_distances=np.array([6.0, 2, 9, 10]),
    nearest_means=np.array([1, 0, 2, 3]),
    neighbours=NEAR,
    length=Percentile(4.2, 37.0, 300, float("nan"), 3),
    margin=None,
    remarks=("One of a kind.",),
)


@pytest.fixture
def filled(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    yield measured(workspace, 200, 4, 16, 1)
    closed()


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 30, 30)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.usefixtures("filled")
def test_it_is_placed_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.pipelines.geometry_placing.placed", lambda *_, **__: PLACED)
    monkeypatch.setattr(resources, "classifier", lambda name: SimpleNamespace(name=name))
    monkeypatch.setattr("app.frame.link", lambda *_, **__: None)
    page = drawn(opened("place"))
    assert any(c.value.startswith("Upload an image") for c in page.caption)
    page.file_uploader[0].set_value([("red.png", _png(), "image/png")])
    for _ in range(50):
        drawn(page)
        if any("class 1 75.0 %" in text for text in said(page)):
            break
        time.sleep(0.1)
    captions = [c.value for c in page.caption]
    assert (
        "Length **4.2** · more than 37\u00a0% of all (n = 300); of the same answer: too few samples (n = 3)" in captions
    )
    assert "Margin: not defined here because no linear head reads this layer." in captions
    assert any(c.startswith("Nearest class means, by Euclidean distance: class 1 2") for c in captions)
    assert any(c.endswith("cosine distance") for c in captions)
    page.button(key="geometry.place.select.0").click()
    assert "selected: 5 nearest 5 to red.png in net" in said(drawn(page))
    page.button(key="geometry.place.all").click()
    assert not any("class 1 75.0 %" in text for text in said(drawn(page)))


@pytest.mark.usefixtures("filled")
def test_a_model_that_is_not_there_is_told() -> None:
    page = drawn(opened("place"))
    page.file_uploader[0].set_value([("red.png", _png(), "image/png")])
    for _ in range(100):
        drawn(page)
        if page.warning:
            break
        time.sleep(0.1)
    assert "net cannot be loaded" in page.warning[0].value.replace("\\", "")


def test_the_nearest_classes_come_first_and_none_without_an_angle() -> None:
    assert nearest_classes(np.array([70.0, 20, 95, np.nan])).tolist() == [1, 0, 2]
    assert nearest_classes(np.array([60.0, np.nan, 99, 100]), 2).tolist() == [0, 2]
    assert usual(replace(PLACED.length, of_class=50.0, class_samples=40)) == (
        "more than 37\u00a0% of all (n = 300); more than 50\u00a0% of the same answer (n = 40)"
    )
