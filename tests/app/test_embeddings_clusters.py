"""Groups beside the panes: asked for, described, selected, saved, let go."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analysis.embeddings import Clustering
from analysis.pipelines import embedding_clusters
from analysis.projections.clusters import describe
from app import resources
from app.embeddings_choice import Choice, Laid, Pane, Subject
from app.widgets.embeddings import clusters
from tests.app.beside import SCRIPT, closed, drawn, said
from tests.embeddings_workspace import Made, made

SIZE = 240
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def filled(workspace: Path) -> Iterator[Made]:
    yield made(workspace, SIZE, 4, 16, 1)
    closed()


def _labels(filled: Made) -> np.ndarray:
    """Two groups by class, the larger first; the other classes in none."""
    classes = np.asarray(resources.dataset(filled.dataset.dataset_id).labels)
    return np.where(classes < 2, classes, -1).astype(np.int32)


def _kept(filled: Made) -> Clustering:
    labels = _labels(filled)
    points = resources.store().embeddings.points(filled.embeddings[0].embedding_id)
    truth = np.asarray(resources.dataset(filled.dataset.dataset_id).labels)
    found = describe(labels, points, truth, 4)
    kept = Clustering(
        "c" * 64, filled.embeddings[0].embedding_id, "kmeans", {"k": 2, "seed": 0}, "picture", tuple(found),
        ("A remark.",), 1.5, NOW,
    )  # fmt: skip
    resources.store().embeddings.save_clustering(kept, labels)
    return kept


def _page() -> AppTest:
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    page.query_params["view"] = "clusters"
    return page


def test_groups_are_asked_for_as_a_job(filled: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    work = type("Work", (), {"submit": lambda _, *given: asked.append(given), "jobs": lambda _: []})()
    monkeypatch.setattr(resources, "work", lambda: work)
    page = drawn(_page())
    page.selectbox(key="embeddings.clusters.method").set_value("kmeans")
    page.selectbox(key="embeddings.clusters.space").set_value("picture")
    drawn(page)
    next(n for n in page.number_input if n.label == "K").set_value(7)
    drawn(page)
    page.button(key="embeddings.clusters.start").click()
    drawn(page)
    wanted = embedding_clusters.asked(filled.embeddings[0], method="kmeans", params={"k": 7}, space="picture")
    assert asked == [("cluster", wanted, "k-means of net in the picture")]


def test_cards_say_what_is_in_a_group_and_select_it(filled: Made) -> None:
    kept = _kept(filled)
    page = drawn(_page())
    assert page.selectbox(key="embeddings.clusters.method").value == "hdbscan"
    labels = _labels(filled)
    first, second, none = (int(np.sum(labels == c)) for c in (0, 1, -1))
    texts = said(page)
    assert f"**2 clusters · k\\-means in the picture · k 2**, {none:,} samples in none · 1.5 s" in texts
    assert any(t.startswith(f"**Cluster 1, all class 0**  \n{first} samples") and "100 % of one" in t for t in texts)
    assert any(t.startswith("**In no cluster**") for t in texts)
    lift = 1 / (first / SIZE)
    assert any(c.value.startswith(f"**class 0** {first} ({lift:.3g} ×)") for c in page.caption)
    page.button(key="embeddings.clusters.1.select").click()
    drawn(page)
    assert any(t.startswith(f"selected: {second} Cluster 2, all class 1") for t in said(page))
    page.button(key="embeddings.clusters.colour").click()
    drawn(page)
    assert page.query_params["colour"] == f"cluster:{kept.clustering_id}"
    page.button(key="embeddings.clusters.delete").click()
    drawn(page)
    assert "colour" not in page.query_params
    assert resources.store().embeddings.clusterings(kept.embedding_id) == []


def test_groups_become_selections_with_names_of_their_own(filled: Made) -> None:
    _kept(filled)
    page = drawn(_page())
    page.button(key="embeddings.clusters.0.save").click()
    drawn(page)
    page.button(key="embeddings.clusters.all").click()
    drawn(page)
    found = {s.name: s for s in resources.store().selections()}
    assert sorted(found) == ["Cluster 1, all class 0", "Cluster 1, all class 0 (2)", "Cluster 2, all class 1"]
    ids = resources.store().selection_ids(found["Cluster 2, all class 1"].selection_id)
    assert sorted(ids) == np.flatnonzero(_labels(filled) == 1).tolist()


def test_purity_is_said_in_words(filled: Made) -> None:
    subject = Subject(Choice(), filled.dataset, (Laid(Pane()),))
    group = _kept(filled).clusters[0]
    first, other = group.classes[0], (1, 5, 30.0)
    half = replace(group, size=2 * first[1] - 2, purity=0.5, classes=(other, first))
    assert clusters.name_of_group(subject, half) == "Cluster 1, mostly class 0"
    assert clusters.name_of_group(subject, replace(half, size=2 * first[1])) == "Cluster 1, mixed"
    assert clusters.name_of_group(subject, replace(group, purity=float("nan"), classes=())) == "Cluster 1"
