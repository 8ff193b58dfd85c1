"""Places and figures as files."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow.csv
import pytest

from analysis.embeddings import Clustering
from app import resources
from app.embeddings_choice import Choice, Laid, Pane, Subject
from app.figures.embeddings_export import FADED, MOST, NAMED, Look, figure
from app.widgets.embeddings import downloads
from app.widgets.embeddings.numbers import told
from tests.app.beside import closed
from tests.embeddings_workspace import Made, made

SIZE = 120
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def filled(workspace: Path) -> Iterator[Made]:
    yield made(workspace, SIZE, 4, 16, 1)
    closed()


def _subject(filled: Made) -> Subject:
    embedding, record = filled.embeddings[0], filled.passes[0]
    points = resources.store().embeddings.points(embedding.embedding_id)
    laid = Laid(Pane(model="net", tap="penultimate"), None, embedding, points, record=record)
    return Subject(Choice(), filled.dataset, (laid,))


def test_a_table_has_every_sample_with_its_place(filled: Made) -> None:
    subject, known = _subject(filled), told(filled.dataset, filled.passes[0])
    labels = np.where(np.arange(SIZE) < 7, -1, np.arange(SIZE) % 3).astype(np.int32)
    clustering = Clustering(
        "c" * 64, filled.embeddings[0].embedding_id, "kmeans", {"k": 3}, "picture", (), (), 1.0, NOW
    )
    resources.store().embeddings.save_clustering(clustering, labels)
    some = replace(subject, selected=np.array([3, 9], np.int32), shown=np.arange(SIZE) > 5)
    table = downloads.places(some, 0)
    points = subject.first.points
    assert points is not None
    np.testing.assert_array_equal(np.stack([table["x"].to_numpy(), table["y"].to_numpy()], axis=1), points)
    names = filled.dataset.class_names
    assert table["truth"].to_pylist() == [names[c] for c in known.labels]
    assert table["prediction"].to_pylist() == [names[c] for c in known.prediction]
    np.testing.assert_array_equal(table["margin"].to_numpy(), known.numbers["margin"])
    assert np.flatnonzero(table["selected"].to_numpy()).tolist() == [3, 9]
    assert np.flatnonzero(~table["shown"].to_numpy()).tolist() == [0, 1, 2, 3, 4, 5]
    assert table["cluster_kmeans_picture_cccccc"].to_pylist() == [None] * 7 + [int(c) + 1 for c in labels[7:]]
    assert "z" not in table.column_names


def test_it_is_written_as_csv(filled: Made) -> None:
    read = pyarrow.csv.read_csv(io.BytesIO(downloads.places_file(_subject(filled), 0, "csv")))
    assert read.num_rows == SIZE
    assert read.column_names[:4] == ["sample", "name", "truth", "prediction"]


def test_the_html_stands_alone(filled: Made) -> None:
    text = downloads.html(_subject(filled), 0).decode()
    assert "plotly.js v" in text
    assert "class 3" in text


def _codes(count: int, classes: int) -> Look:
    return Look("Label", ["#123456"] * classes, [f"<{i}>" for i in range(classes)], np.arange(count) % classes)


def test_a_figure_has_every_place_once_and_names_cannot_be_markup() -> None:
    points = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    points[4] = np.nan
    made: Any = figure(points, _codes(50, 3), ("PC 1", "PC 2"), "a <b>", lit=np.arange(50) < 10)
    assert [t.name for t in made.data] == ["not selected", "&lt;0&gt;", "&lt;1&gt;", "&lt;2&gt;"]
    assert [len(t.x) for t in made.data] == [40, 4, 2, 3]
    assert made.data[0].marker.color == FADED[False]
    assert isinstance(made.data[0], go.Scatter)
    assert made.layout.title.text == "a &lt;b&gt;"


def test_many_classes_share_a_name_and_three_dimensions_stay() -> None:
    points = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
    made: Any = figure(points, _codes(500, 100), ("a", "b", "c"), "x")
    assert len(made.data) == NAMED + 1
    assert made.data[-1].name == "70 more"
    assert sum(len(t.x) for t in made.data) == 500
    assert isinstance(made.data[0], go.Scatter3d)
    assert made.layout.scene.zaxis.title.text == "c"


def test_of_very_many_a_part_is_drawn_and_it_says_so() -> None:
    points = np.random.default_rng(0).normal(size=(MOST + 5, 2)).astype(np.float32)
    values = np.linspace(0, 1, MOST + 5, dtype=np.float32)
    made: Any = figure(points, Look("Error", ["#000000", "#FFFFFF"], values=values, high=1.0), ("a", "b"), "x")
    assert len(made.data[0].x) == MOST
    assert f"{MOST:,} of {MOST + 5:,} samples by lot" in made.layout.title.text
    assert made.data[0].marker.cmax == 1.0
