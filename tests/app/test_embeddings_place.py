"""A picture of one's own: uploaded, refused, placed by a job, turned as its pane is."""

import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from analysis.pipelines.embedding_neighbours import Near
from analysis.pipelines.embedding_upload import Placed
from analysis.types import Prediction
from app import resources
from app.embeddings_choice import Choice, Laid, Pane, Subject
from app.widgets.embeddings import place, uploaded
from tests.app.beside import SCRIPT, closed, drawn, said
from tests.embeddings_workspace import Made, made

SIZE = 150


@pytest.fixture
def filled(workspace: Path) -> Iterator[Made]:
    yield made(workspace, SIZE, 4, 16, 1)
    closed()


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> Placed:
    """What the pipeline finds, whatever it is given; the classifier is anything that is no job."""
    near = Near(np.array([[3, 1, 4, 15, 9]]), np.array([[0.1, 0.2, 0.3, 0.4, 0.5]], np.float32), "cosine")
    said = (Prediction(1, "class 1", 0.75, 2.0), Prediction(0, "class 0", 0.25, 1.0))
    found = Placed(np.array([[1.5, -2.0]], np.float32), "transform", np.ones((1, 16), np.float32), near, (said,))
    monkeypatch.setattr("analysis.pipelines.embedding_upload.place", lambda *_: found)
    monkeypatch.setattr(resources, "classifier", lambda name: name)
    return found


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 30, 30)).save(buffer, "PNG")
    return buffer.getvalue()


def _uploaded(*files: tuple[str, bytes, str]) -> AppTest:
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    page.query_params["view"] = "place"
    drawn(page)
    page.file_uploader[0].set_value(list(files))
    drawn(page)
    for _ in range(50):
        if any("class 1 75.0 %" in text for text in said(page)):
            break
        time.sleep(0.1)
        drawn(page)
    return page


def test_it_lands_and_says_how(filled: Made, placed: Placed) -> None:
    page = _uploaded(("red.png", _png(), "image/png"))
    assert "**red.png**" in said(page)
    assert any("class 1 75.0 % · class 0 25.0 %" in text for text in said(page))
    captions = [c.value for c in page.caption]
    assert any(c.replace("\\", "").startswith("At (1.5, -2). Placed by PCA's own map") for c in captions)
    labels = np.asarray(resources.dataset(filled.dataset.dataset_id).labels)[[3, 1, 4, 15, 9]]
    most = np.bincount(labels)
    assert f"{most.max()} of its 5 nearest samples are class {most.argmax()}" in captions
    page.button(key="embeddings.place.all").click()
    drawn(page)
    assert "**red.png**" not in said(page)


@pytest.mark.usefixtures("filled", "placed")
def test_what_is_no_picture_is_refused_with_the_reason() -> None:
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    page.query_params["view"] = "place"
    drawn(page)
    page.file_uploader[0].set_value([("note.png", b"not a picture", "image/png")])
    drawn(page)
    assert [w.value.partition(" is")[0] for w in page.warning] == ["'note.png'"]
    assert any(c.value.startswith("Upload an image") for c in page.caption)


def test_a_model_that_is_not_there_is_told(filled: Made) -> None:
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    page.query_params["view"] = "place"
    drawn(page)
    page.file_uploader[0].set_value([("red.png", _png(), "image/png")])
    drawn(page)
    for _ in range(100):
        if page.warning:
            break
        time.sleep(0.1)
        drawn(page)
    assert "1: net: net cannot be loaded" in page.warning[0].value.replace("\\", "")


def test_points_turn_as_their_pane_does() -> None:
    rng = np.random.default_rng(5)
    before = rng.normal(size=(300, 2)).astype(np.float32)
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    after = (2.5 * before @ turn + [3, -1]).astype(np.float32)
    before[7] = np.nan
    found = uploaded.turned(np.array([[0, 0], [1, 2]], np.float32), before, after)
    np.testing.assert_allclose(found, np.array([[0, 0], [2.5, 5]]) @ turn + [3, -1], rtol=1e-5)


def test_marks_are_of_panes_that_are_there(filled: Made, placed: Placed, monkeypatch: pytest.MonkeyPatch) -> None:
    from analysis.datasets.decoding import decode

    picture = decode(_png(), "red.png")
    monkeypatch.setattr(st, "session_state", {uploaded.MINE: {picture.digest: picture}})
    laid = Laid(Pane(model="net"), None, filled.embeddings[0], np.zeros((SIZE, 2), np.float32))
    subject = Subject(Choice(), filled.dataset, (Laid(Pane()), laid))
    deadline = time.monotonic() + 5
    while not (found := uploaded.marks(subject)) and time.monotonic() < deadline:
        time.sleep(0.1)
    (mark,) = found
    assert (mark.pane, tuple(mark.point), mark.name) == (1, (1.5, -2.0), "red.png")
    assert mark.src.startswith("data:image/")
    between = replace(placed, how="neighbours")
    assert "between its 5 nearest" in place.how(laid, between, 0)
    nowhere = replace(placed, points=np.full((1, 2), np.nan, np.float32))
    assert place.how(laid, nowhere, 0).startswith("It has no place")
