"""How far a picture can be believed, and the groups in it: measured by jobs, kept in the store."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.embeddings import Embedding
from analysis.errors import BadParameter, DataError
from analysis.passes.features import feature_path
from analysis.pipelines import embedding, embedding_clusters, embedding_quality
from analysis.pipelines.work import run_here
from analysis.projections import PROJECTIONS
from analysis.projections.registry import Projected
from analysis.store import Store
from models.errors import UnknownName
from tests.analysis.pipelines.embedding_specimens import MODEL, dataset_in


@pytest.fixture
def store(workspace: Path) -> Iterator[Store]:
    with Store.open(workspace) as opened:
        yield opened


@pytest.fixture
def shaken(monkeypatch) -> list[tuple[int, int]]:
    """A method named umap that is PCA turned by its seed, its last sample elsewhere; (samples, seed) of its calls."""
    calls = []

    def function(features, given, **_):
        calls.append((len(features), given.seed))
        centred = features - features.mean(axis=0)
        points = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
        turn = np.array([[np.cos(given.seed), -np.sin(given.seed)], [np.sin(given.seed), np.cos(given.seed)]])
        return Projected((points @ turn).astype(np.float32), ("a", "b"))

    monkeypatch.setitem(PROJECTIONS._methods, "umap", replace(PROJECTIONS["umap"], function=function))
    return calls


def made(store: Store, workspace: Path, method: str = "pca", size: int = 90) -> Embedding:
    dataset = dataset_in(workspace, store, size)
    asked = embedding.asked(store, workspace, model=MODEL, dataset_id=dataset.record.dataset_id, method=method)
    run_here(store, workspace, "embed", asked)
    return store.embeddings.one(asked["embedding_ids"][0])


def test_numbers_and_errors_are_measured_and_kept(workspace, store):
    from sklearn.manifold import trustworthiness

    found = made(store, workspace)
    run_here(store, workspace, "assess", embedding_quality.asked(found, k=10))
    quality = store.embeddings.one(found.embedding_id).quality
    features = np.load(feature_path(workspace / "passes" / found.pass_id, "penultimate"))
    points = store.embeddings.points(found.embedding_id)
    assert quality.trustworthiness == pytest.approx(trustworthiness(features, points, n_neighbors=10))
    assert (quality.k, quality.samples, quality.seeds) == (10, 90, 0)
    assert np.isnan(quality.stability)  # PCA has no seed
    assert 0 < quality.placement < 0.2
    errors = store.embeddings.errors(found.embedding_id)
    assert errors.shape == (90,)
    assert errors.mean() == pytest.approx(1 - quality.overlap)


def test_what_is_left_out_lands_where_it_was_by_a_map_that_no_sample_made(workspace, store):
    """Which classes the axes are may go by how many samples there are of each: of fewer, they would be others."""
    found = made(store, workspace, "class_directions")
    asked = embedding_quality.asked(found)
    assert asked["placement"]
    run_here(store, workspace, "assess", asked)
    assert store.embeddings.one(found.embedding_id).quality.placement == 0


def test_seeded_methods_are_laid_out_with_further_seeds(workspace, store, shaken):
    found = made(store, workspace, "umap")
    asked = embedding_quality.asked(found)
    assert (asked["seeds"], asked["placement"]) == (2, True)
    heard = []
    run_here(store, workspace, "assess", asked, lambda fraction, _: heard.append(fraction))
    assert heard == sorted(heard)
    assert shaken == [(90, 0), (90, 1), (90, 2), (72, 0)]
    quality = store.embeddings.one(found.embedding_id).quality
    assert quality.seeds == 2
    assert quality.stability == pytest.approx(0, abs=1e-4)  # turned, and turned back
    assert 0 < quality.placement < 1
    assert any("keeps neighbours, not distances" in note for note in quality.notes)


def test_of_many_samples_a_part_is_laid_out_again_on_request(workspace, store, shaken, monkeypatch):
    monkeypatch.setattr(embedding_quality, "MOST", 50)
    found = made(store, workspace, "umap")
    usual = embedding_quality.asked(found)
    assert (usual["seeds"], usual["placement"]) == (0, False)
    asked = embedding_quality.asked(found, seeds=1)
    run_here(store, workspace, "assess", asked)
    assert shaken == [(90, 0), (50, 0), (50, 1)]
    quality = store.embeddings.one(found.embedding_id).quality
    assert quality.seeds == 1
    assert quality.stability == pytest.approx(0, abs=1e-4)


def test_what_cannot_be_measured_is_said(workspace, store):
    found = made(store, workspace)
    with pytest.raises(BadParameter, match="0 to 10"):
        embedding_quality.asked(found, seeds=11)
    store.delete_pass(found.pass_id)
    with pytest.raises(DataError, match="Run the model over the dataset"):
        run_here(store, workspace, "assess", embedding_quality.asked(found))
    store.embeddings.delete(found.embedding_id)
    with pytest.raises(DataError, match="Compute it again"):
        run_here(store, workspace, "assess", embedding_quality.asked(found))


def test_colours_are_found_as_groups(workspace, store):
    found = made(store, workspace)
    for space, params in (("features", {"k": 3}), ("picture", {"k": 3})):
        asked = embedding_clusters.asked(found, method="kmeans", params=params, space=space)
        done = run_here(store, workspace, "cluster", asked)
        assert done == {"clustering_id": asked["clustering_id"], "clusters": 3}
        labels = store.embeddings.labels(asked["clustering_id"])
        truth = np.arange(90) % 3
        assert len(set(zip(labels, truth, strict=True))) == 3  # a group is a colour
    newest, oldest = store.embeddings.clusterings(found.embedding_id)
    assert (newest.space, oldest.space) == ("picture", "features")
    assert [(c.size, c.purity) for c in newest.clusters] == [(30, 1.0)] * 3
    assert newest.clusters[0].classes[0][1:] == (30, 3.0)
    assert len(list((workspace / "embeddings" / found.embedding_id).glob("clusters-*.npy"))) == 2


def test_the_same_groups_have_one_id(store, workspace):
    found = made(store, workspace)
    first = embedding_clusters.asked(found)
    assert embedding_clusters.asked(found, params=first["params"]) == first
    assert embedding_clusters.asked(found, space="picture")["clustering_id"] != first["clustering_id"]
    with pytest.raises(UnknownName, match="hdbscan"):
        embedding_clusters.asked(found, method="dbscan")
    with pytest.raises(BadParameter, match="features or picture"):
        embedding_clusters.asked(found, space="pixels")
