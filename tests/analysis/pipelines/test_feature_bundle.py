"""Embeddings that come with Cutaway: small, whole, what the page would compute, and taken in once."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from analysis.datasets.opened import OpenDataset
from analysis.passes.forward import PENULTIMATE, Forward
from analysis.pipelines import bundling, embedding, embedding_clusters
from analysis.pipelines import feature_bundle as bundle
from analysis.pipelines.work import run_here
from analysis.records import Filter
from analysis.store import Store
from models import catalogue
from tests.analysis.pipelines.sweep_specimens import dataset


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A workspace with the images, and what was taken in."""
    workspace = tmp_path_factory.mktemp("taken")
    with Store.open(workspace) as store:
        assert bundle.waits_for_images(store)
        assert bundle.take_in(store, workspace) == []
        run_here(store, workspace, "generate", bundling.shapes_test())
        assert not bundle.waits_for_images(store)
        return workspace, bundle.take_in(store, workspace)


@pytest.fixture
def store(taken: tuple[Path, list[str]]):
    with Store.open(taken[0]) as opened:
        yield opened


def test_what_ships_is_whole_small_and_taken_once(taken: tuple[Path, list[str]], store: Store) -> None:
    assert sum(p.stat().st_size for p in bundle.FOLDER.rglob("*")) < 2 * 2**20
    workspace, ids = taken
    assert len(ids) == len(bundle.MODELS) * (1 + len(bundle.METHODS))
    assert store.check() == []
    assert bundle.take_in(store, workspace) == []
    assert {p.model_name for p in store.passes()} == set(bundle.MODELS)
    assert {m.name for m in store.models()} == set(bundle.MODELS)
    assert {(e.model_name, e.method) for e in store.embeddings.all()} == {
        (model, method) for model in bundle.MODELS for method in bundle.METHODS
    }
    assert not list(workspace.rglob("*.part"))
    assert store.count(Filter(store.datasets()[0].dataset_id, pass_id=store.passes()[0].pass_id, correct=True)) >= 500


def test_it_is_what_the_page_asks_for(taken: tuple[Path, list[str]], store: Store) -> None:
    """Else nobody would find it: parameters, their defaults and versions are part of an embedding's name."""
    workspace, _ = taken
    (images,) = store.datasets()
    for model in bundle.MODELS:
        assert embedding.source(store, workspace, model, images.dataset_id) is not None
        for method in bundle.METHODS:
            found = embedding.find(store, workspace, model=model, dataset_id=images.dataset_id, method=method)
            asked = embedding.asked(store, workspace, model=model, dataset_id=images.dataset_id, method=method)
            assert found is not None
            assert [found.embedding_id] == asked["embedding_ids"]


def test_its_groups_can_be_found(taken: tuple[Path, list[str]], store: Store) -> None:
    """Jobs read what an embedding says of itself from its folder."""
    workspace, _ = taken
    each = next(e for e in store.embeddings.all() if e.method == "umap")
    asked = embedding_clusters.asked(each, method="kmeans", params={"k": 12})
    found = run_here(store, workspace, "cluster", asked)
    assert found["clusters"] == 12
    assert store.embeddings.labels(found["clustering_id"]).shape == (each.samples,)


def test_its_points_and_its_quality_are_those_of_its_features(taken: tuple[Path, list[str]], store: Store) -> None:
    workspace, _ = taken
    for each in store.embeddings.all():
        source = embedding.source(store, workspace, each.model_name, each.dataset_id)
        assert source is not None
        read, points = np.array(embedding.features(workspace, source)), store.embeddings.points(each.embedding_id)
        assert each.quality is not None
        assert each.quality.samples == 1000
        expected = trustworthiness(read, points, n_neighbors=each.quality.k)
        assert each.quality.trustworthiness == pytest.approx(expected, abs=1e-4)
        errors = store.embeddings.errors(each.embedding_id)
        assert errors is not None
        assert 1 - errors.mean() == pytest.approx(each.quality.overlap, abs=1e-4)
        if each.method == "pca":
            assert store.embeddings.placer_path(each.embedding_id) is not None
            right = PCA(2, svd_solver="full").fit_transform(read)
            np.testing.assert_allclose(np.abs(points), np.abs(right), rtol=1e-3, atol=1e-3)  # signs are free


@pytest.mark.slow
def test_its_features_are_those_of_the_networks(taken: tuple[Path, list[str]], store: Store) -> None:
    workspace, _ = taken
    (images,) = store.datasets()
    opened = OpenDataset.open(workspace / "datasets" / images.dataset_id)
    samples = np.arange(0, 1000, 25)
    pixels = opened.pixels(samples)
    assert pixels is not None
    for model in bundle.MODELS:
        network = catalogue.load(model)
        source = embedding.source(store, workspace, model, images.dataset_id)
        assert source is not None
        assert source.model_id == network.fingerprint
        outputs = Forward(network, [PENULTIMATE], autocast=False)(torch.from_numpy(np.ascontiguousarray(pixels)))
        there = embedding.features(workspace, source)[samples]
        np.testing.assert_allclose(there, outputs.features[PENULTIMATE].numpy(), rtol=1e-3, atol=1e-3)


def test_what_is_lacking_comes_back_and_nothing_else(taken: tuple[Path, list[str]], store: Store) -> None:
    workspace, _ = taken
    gone = store.embeddings.all()[0].embedding_id
    store.embeddings.delete(gone)
    assert bundle.take_in(store, workspace) == [gone]
    lost = store.passes()[0].pass_id
    store.delete_pass(lost)
    assert bundle.take_in(store, workspace) == [lost]
    assert store.check() == []


def test_images_that_are_not_the_same_are_left_alone(tmp_path: Path) -> None:
    """On a machine that draws them otherwise, or where somebody has taken their name."""
    with Store.open(tmp_path) as store:
        dataset(tmp_path, 60, store)
        store.rename_dataset("digits60", "shapes-test")
        assert not bundle.waits_for_images(store)
        assert bundle.take_in(store, tmp_path) == []
        assert store.passes() == store.embeddings.all() == []
