"""Features that come with Cutaway: small, whole, what the pages would compute, and taken in once."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from pyarrow import parquet
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from analysis.datasets.opened import OpenDataset
from analysis.measurements import Measurement
from analysis.passes.forward import PENULTIMATE, Forward
from analysis.passes.zeros import zeros_path
from analysis.pipelines import bundling, embedding, embedding_clusters, geometry
from analysis.pipelines import feature_bundle as bundle
from analysis.pipelines.geometry_measuring import features_of, kept, measure_tap
from analysis.pipelines.geometry_packed import NUMBERS
from analysis.pipelines.predict import PASSES
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
    assert sum(p.stat().st_size for p in bundle.FOLDER.rglob("*")) < 7 * 2**20
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


def _numbers(store: Store) -> list[Measurement]:
    return store.geometry.numbers([p.pass_id for p in store.passes()])


def _told(numbers: list[Measurement]) -> list[dict]:
    """Which can be compared: NaN is None."""
    return [n.to_json() for n in numbers]


def _asked(store: Store, workspace: Path) -> dict:
    """What the page would ask for of the three networks."""
    (images,) = store.datasets()
    return geometry.asked(store, workspace, models=bundle.MODELS, dataset_id=images.dataset_id)


def test_nothing_is_left_to_measure(taken: tuple[Path, list[str]], store: Store) -> None:
    """Fails after a measure was given another version or another was added: make the bundle anew."""
    asked = _asked(store, taken[0])
    assert not geometry.has_work(asked)
    assert all(len(s["taps"]) == 10 and s["measured"] == s["taps"] for s in asked["subjects"])
    assert len(asked["compared"]) == 6  # three networks with themselves, and each two


@pytest.mark.slow
def test_its_numbers_are_those_of_its_features(taken: tuple[Path, list[str]], store: Store) -> None:
    workspace, _ = taken
    record = next(p for p in store.passes() if p.model_name == bundle.MODELS[1])
    network = catalogue.load(record.model_name)
    opened = OpenDataset.open(workspace / "datasets" / record.dataset_id)
    there = {(n.tap, n.measure): n for n in store.geometry.numbers([record.pass_id]) if not n.other_pass}
    for tap in ("layer2.1", PENULTIMATE):
        features = features_of(workspace, record, tap, opened, network.head)
        numbers, arrays = kept(measure_tap(features), record.pass_id, tap, 0)
        assert {n.measure for n in numbers} <= {measure for at, measure in there if at == tap}
        for right in numbers:
            found = there[tap, right.measure]
            for name in ("value", "low", "high"):
                expected = pytest.approx(getattr(right, name), rel=1e-6, abs=1e-9, nan_ok=True)
                assert getattr(found, name) == expected, right.measure
            assert (found.why, found.samples, found.arrays) == (right.why, right.samples, right.arrays)
            kept_ = store.geometry.arrays(record.pass_id, tap, right.measure)
            for name in right.arrays:
                np.testing.assert_allclose(kept_[name], arrays[tap, right.measure][name], rtol=1e-5, atol=1e-6)


def test_what_was_measured_here_stays_unless_it_is_out_of_date(taken: tuple[Path, list[str]], store: Store) -> None:
    before = _numbers(store)
    own, old = [n for n in before if n.tap == "layer1.0" and not n.other_pass and not n.arrays][:2]
    store.geometry.save([replace(own, value=42.0), replace(old, value=43.0, version=old.version - 1)])
    assert bundle.take_in(store, taken[0]) == [old.pass_id]
    assert _told(_numbers(store)) == _told([replace(n, value=42.0) if n is own else n for n in before])
    store.geometry.save([own])


def test_what_another_version_of_a_measure_said_is_not_taken(
    taken: tuple[Path, list[str]], store: Store, tmp_path: Path
) -> None:
    workspace, _ = taken
    before = _numbers(store)
    record = store.passes()[0]
    right = store.geometry.arrays(record.pass_id, PENULTIMATE, "twonn")
    shutil.copytree(bundle.FOLDER, tmp_path / "features")
    table = parquet.read_table(tmp_path / "features" / bundle.GEOMETRY / NUMBERS)
    versions = [v + (m == "mle") for v, m in zip(*(table[n].to_pylist() for n in ("version", "measure")), strict=True)]
    changed = table.set_column(table.column_names.index("version"), "version", pa.array(versions))
    parquet.write_table(changed, tmp_path / "features" / bundle.GEOMETRY / NUMBERS)
    for each in store.passes():
        store.geometry.forget(each.pass_id)
    assert bundle.take_in(store, workspace, folder=tmp_path / "features") == sorted(p.pass_id for p in store.passes())
    assert _told(_numbers(store)) == _told([n for n in before if n.measure != "mle"])
    again = store.geometry.arrays(record.pass_id, PENULTIMATE, "twonn")
    assert again.keys() == right.keys()
    assert all(np.array_equal(again[name], right[name]) for name in right)
    assert geometry.has_work(_asked(store, workspace))
    bundle.take_in(store, workspace)
    assert _told(_numbers(store)) == _told(before)


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
    before = _numbers(store)
    store.delete_pass(lost)
    assert len(_numbers(store)) < len(before)
    assert bundle.take_in(store, workspace)[0] == lost
    assert _told(_numbers(store)) == _told(before)
    assert store.check() == []


def test_zeros_of_maps_come_beside_a_pass_that_was_there(
    taken: tuple[Path, list[str]], store: Store, tmp_path: Path
) -> None:
    workspace, folder = taken[0], tmp_path / "features"
    pass_id = store.passes()[0].pass_id
    theirs, ours = (zeros_path(place / PASSES / pass_id) for place in (folder, workspace))
    shutil.copytree(bundle.FOLDER, folder)
    theirs.write_bytes(b"counted")
    ours.unlink(missing_ok=True)
    assert bundle.take_in(store, workspace, folder=folder) == []
    assert ours.read_bytes() == b"counted"
    theirs.write_bytes(b"counted otherwise")
    bundle.take_in(store, workspace, folder=folder)
    assert ours.read_bytes() == b"counted"
    shutil.rmtree(ours.parent)
    store.delete_pass(pass_id)
    assert pass_id in bundle.take_in(store, workspace, folder=folder)
    assert ours.read_bytes() == b"counted otherwise"
    ours.unlink()
    bundle.take_in(store, workspace)


def test_images_that_are_not_the_same_are_left_alone(tmp_path: Path) -> None:
    """On a machine that draws them otherwise, or where somebody has taken their name."""
    with Store.open(tmp_path) as store:
        dataset(tmp_path, 60, store)
        store.rename_dataset("digits60", "shapes-test")
        assert not bundle.waits_for_images(store)
        assert bundle.take_in(store, tmp_path) == []
        assert store.passes() == store.embeddings.all() == []
