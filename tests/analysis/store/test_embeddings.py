"""Embeddings and clusterings with their folders: kept whole, given back as they were, gone with what they belong to."""

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from analysis.embeddings import Clustering, Described, Embedding, Quality
from analysis.errors import BadTable, StoreError
from analysis.records import JobRecord
from analysis.store import Store
from analysis.store.upkeep import ORPHAN_SECONDS
from models.errors import UnknownName

WHEN = datetime(2026, 11, 21, 3, 4, 5, 678901, UTC)
SIZE = 300
NAN = float("nan")


@pytest.fixture
def store(tmp_path, world):
    with Store.open(tmp_path / "workspace") as opened:
        record, path, _ = world.dataset(SIZE)
        opened.save_dataset(record, path)
        (opened.workspace / "datasets" / record.dataset_id).mkdir(parents=True)
        shutil.copy(path, opened.workspace / "datasets" / record.dataset_id / "samples.parquet")
        yield opened


def an_embedding(number: int = 0, **changes) -> Embedding:
    found = Embedding(
        embedding_id=f"embedding{number}",
        pass_id="pass0",
        model_id="m" * 64,
        model_name="tiny",
        dataset_id=f"{0:064x}",
        dataset_name="animals 0",
        condition="fog/3",
        tap="layer4.0:x",
        method="umap",
        params={"metric": "cosine", "n_neighbors": 15, "min_dist": 0.1, "densmap": False},
        dims=2,
        seed=2**31 - 1,
        samples=SIZE,
        fitted=200,
        placing="neighbours",
        axes=("UMAP 1", "UMAP 2"),
        remarks=("Größe: 100 were placed.",),
        seconds=1.5,
        device="a processor",
        computed_at=WHEN + timedelta(seconds=number),
        group="",
    )
    return replace(found, **changes)


def points_of(embedding: Embedding, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(embedding.samples, embedding.dims)).astype(np.float32)
    points[3] = np.nan
    return points


def a_folder(store: Store, embedding: Embedding, seed: int = 0, **files: np.ndarray) -> Path:
    folder = store.workspace / "embeddings" / f".{embedding.embedding_id}.{seed}.part"
    folder.mkdir(parents=True)
    for name, values in {"points": points_of(embedding, seed), **files}.items():
        np.save(folder / f"{name}.npy", values)
    return folder


def saved(store: Store, number: int = 0, **changes) -> Embedding:
    found = an_embedding(number, **changes)
    store.embeddings.save(found, a_folder(store, found))
    return found


def a_clustering(embedding: Embedding, number: int = 0) -> Clustering:
    return Clustering(
        clustering_id=f"clustering{number}",
        embedding_id=embedding.embedding_id,
        method="hdbscan",
        params={"min_cluster_size": 20},
        space="picture",
        clusters=(
            Described(0, 200, 0.75, ((2, 150, 3.5), (0, 50, 0.5)), (4, 9)),
            Described(-1, 100, NAN, (), ()),
        ),
        remarks=("Most belong to one.",),
        seconds=0.25,
        computed_at=WHEN + timedelta(seconds=number),
    )


def test_it_comes_back_as_it_was(store):
    first, second = saved(store), saved(store, 1, method="pca", dims=3, placing="transform", group="g" * 64)
    assert store.embeddings.all() == [second, first]
    assert store.embeddings.one("embedding0") == first
    np.testing.assert_array_equal(store.embeddings.points("embedding1"), points_of(second))
    assert store.embeddings.errors("embedding0") is None
    assert store.embeddings.placer_path("embedding0") is None
    assert store.embeddings.all("another dataset") == []
    assert store.embeddings.one("embedding2") is None


def test_the_folder_becomes_the_stores_own_with_all_that_is_in_it(store):
    found = an_embedding()
    folder = a_folder(store, found, rows=np.arange(200), error=np.full(SIZE, 0.5, np.float32))
    (folder / "placer.npz").write_bytes(b"a map")
    store.embeddings.save(found, folder)
    assert not folder.exists()
    path = store.embeddings.placer_path("embedding0")
    assert path is not None
    assert path.read_bytes() == b"a map"
    np.testing.assert_array_equal(store.embeddings.fitted_rows("embedding0"), np.arange(200))
    np.testing.assert_array_equal(store.embeddings.errors("embedding0"), np.full(SIZE, 0.5))


def test_the_same_again_takes_its_place(store):
    found = saved(store)
    again = replace(found, seconds=9.0)
    store.embeddings.save(again, a_folder(store, again, seed=7))
    assert store.embeddings.all() == [again]
    np.testing.assert_array_equal(store.embeddings.points("embedding0"), points_of(again, 7))
    place = store.workspace / "embeddings" / "embedding0"
    store.embeddings.save(again, place)  # that very folder: a row was lost, say
    np.testing.assert_array_equal(store.embeddings.points("embedding0"), points_of(again, 7))


@pytest.mark.parametrize("shape", [(SIZE, 3), (SIZE - 1, 2)])
def test_points_that_are_not_what_the_record_says_are_refused(store, shape):
    found = an_embedding()
    folder = a_folder(store, found, points=np.zeros(shape, np.float32))
    with pytest.raises(BadTable, match=r"expected \(300, 2\)"):
        store.embeddings.save(found, folder)
    assert store.embeddings.all() == []
    assert folder.is_dir()


def test_without_its_dataset_nothing_is_kept(store):
    found = an_embedding(dataset_id="nowhere")
    with pytest.raises(UnknownName, match="dataset"):
        store.embeddings.save(found, a_folder(store, found))
    assert store.counts()["embedding"] == 0


def test_an_id_leads_nowhere_else(store):
    found = an_embedding()
    with pytest.raises(StoreError, match="cannot be the id"):
        store.embeddings.save(replace(found, embedding_id="../other"), a_folder(store, found))
    with pytest.raises(StoreError, match="cannot be the id"):
        store.embeddings.points("../other")


def test_quality_and_errors_are_kept(store):
    saved(store)
    quality = Quality(15, 2000, 0.9, 0.8, 0.5, NAN, 0.1, 2, NAN, ("Sizes of clusters mean nothing.",))
    errors = np.linspace(0, 1, SIZE, dtype=np.float32)
    store.embeddings.save_quality("embedding0", quality, errors)
    found = store.embeddings.one("embedding0")
    assert found.quality.to_json() == quality.to_json()  # NaN is not NaN
    np.testing.assert_array_equal(store.embeddings.errors("embedding0"), errors)
    store.embeddings.save_quality("embedding0", replace(quality, seeds=5))
    assert store.embeddings.one("embedding0").quality.seeds == 5
    np.testing.assert_array_equal(store.embeddings.errors("embedding0"), errors)
    with pytest.raises(UnknownName, match="embedding7"):
        store.embeddings.save_quality("embedding7", quality, errors)
    assert not (store.workspace / "embeddings" / "embedding7").exists()


def test_clusterings_are_kept_with_their_labels(store):
    first, second = saved(store), saved(store, 1)
    labels = np.random.default_rng(0).integers(-1, 5, SIZE).astype(np.int32)
    old, new, other = a_clustering(first, 0), a_clustering(first, 1), a_clustering(second, 2)
    for each in (old, new, other):
        store.embeddings.save_clustering(each, labels + int(each.clustering_id[-1]))
    assert [c.to_json() for c in store.embeddings.clusterings("embedding0")] == [new.to_json(), old.to_json()]
    np.testing.assert_array_equal(store.embeddings.labels("clustering1"), labels + 1)
    store.embeddings.delete_clustering("clustering1")
    store.embeddings.delete_clustering("clustering1")
    assert [c.clustering_id for c in store.embeddings.clusterings("embedding0")] == ["clustering0"]
    with pytest.raises(UnknownName, match="clustering1"):
        store.embeddings.labels("clustering1")
    with pytest.raises(BadTable, match="a label for each of 300"):
        store.embeddings.save_clustering(new, labels[:-1])


def test_deleting_removes_rows_and_folder(store):
    found = saved(store)
    saved(store, 1)
    store.embeddings.save_clustering(a_clustering(found), np.zeros(SIZE, np.int32))
    store.embeddings.delete("embedding0")
    store.embeddings.delete("embedding0")
    assert [e.embedding_id for e in store.embeddings.all()] == ["embedding1"]
    assert store.counts()["clustering"] == 0
    assert [p.name for p in (store.workspace / "embeddings").iterdir()] == ["embedding1"]
    with pytest.raises(UnknownName, match="embedding0"):
        store.embeddings.points("embedding0")


def test_it_goes_with_its_dataset_but_not_with_its_pass(store, world):
    dataset = store.datasets()[0]
    _, _, frame = world.dataset(SIZE)
    record, parts, _ = world.results(dataset, frame["label"].to_numpy())
    store.save_pass(record, parts)
    found = saved(store)
    store.embeddings.save_clustering(a_clustering(found), np.zeros(SIZE, np.int32))
    other, path, _ = world.dataset(20, seed=1)
    store.save_dataset(other, path)
    kept = saved(store, 1, dataset_id=other.dataset_id, dataset_name=other.name, samples=20)
    store.delete_pass(record.pass_id)
    assert store.embeddings.has("embedding0")
    store.delete_dataset(dataset.dataset_id)
    assert store.embeddings.all() == [kept]
    assert store.counts()["clustering"] == 0
    assert [p.name for p in (store.workspace / "embeddings").iterdir()] == ["embedding1"]


def test_its_dataset_is_called_as_it_is_called_now(store):
    found = saved(store)
    store.rename_dataset(found.dataset_id, "beasts")
    assert store.embeddings.one("embedding0").dataset_name == "beasts"


def test_what_is_lost_is_said(store):
    found = saved(store)
    saved(store, 1)
    saved(store, 2)
    store.embeddings.save_clustering(a_clustering(found), np.zeros(SIZE, np.int32))
    assert store.check() == []
    folder = store.workspace / "embeddings"
    (folder / "embedding0" / "clusters-clustering0.npy").unlink()
    (folder / "embedding1" / "points.npy").unlink()
    np.save(folder / "embedding2" / "points.npy", np.zeros((7, 2), np.float32))
    said = store.check()
    assert any("has lost its points" in each for each in said)
    assert any("should have points (300, 2), its file has (7, 2)" in each for each in said)
    assert any("clustering has lost its labels" in each for each in said)
    assert len(said) == 3
    assert not store.embeddings.has("embedding1")
    with pytest.raises(UnknownName, match="embedding1"):
        store.embeddings.points("embedding1")
    (folder / "embedding2" / "points.npy").write_bytes(b"no array")
    with pytest.raises(StoreError, match="Delete the embedding"):
        store.embeddings.points("embedding2")


def test_what_workers_left_goes_once_nothing_is_under_way(store):
    saved(store)
    left = a_folder(store, an_embedding(1))
    old = datetime.now(UTC).timestamp() - 2 * ORPHAN_SECONDS
    for path in (left, *left.iterdir()):
        os.utime(path, (old, old))
    job = JobRecord("key", "embed", "UMAP", {}, "queued", "", WHEN)
    store.put_job(job)
    store.compact()
    assert left.is_dir()
    store.put_job(replace(job, state="done"))
    assert any(left.name in each for each in store.check())
    store.compact()
    assert not left.exists()
    assert store.embeddings.has("embedding0")


def test_tables_are_taken_in_where_the_points_are(store, tmp_path, world):
    found = saved(store)
    gone = saved(store, 1)
    for each in (found, gone):
        store.embeddings.save_clustering(
            replace(a_clustering(each), clustering_id=f"c-{each.embedding_id}"), np.zeros(SIZE, np.int32)
        )
    store.export_to(tmp_path / "tables")
    store.embeddings.delete("embedding1")
    with store._database.cursor() as db:
        db.execute("DELETE FROM embedding")
        db.execute("DELETE FROM clustering")
    store.import_from(tmp_path / "tables")
    assert store.embeddings.all() == [found]
    assert [c.clustering_id for c in store.embeddings.clusterings("embedding0")] == ["c-embedding0"]
    assert store.counts()["clustering"] == 1
    with Store.open(tmp_path / "elsewhere") as other:
        other.import_from(tmp_path / "tables")
        assert other.datasets()
        assert other.embeddings.all() == []
        assert not [each for each in other.check() if "embedding" in each or "clustering" in each]


def test_what_it_takes_is_told(store):
    before = store.size_report().get("embeddings", 0)
    saved(store)
    assert store.size_report()["embeddings"] - before >= SIZE * 2 * 4
