"""Datasets, passes and models: kept whole, refused whole, deleted whole."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from torch import nn

from analysis.errors import BadName, BadTable, StoreError
from analysis.records import Filter
from analysis.store import Store
from models.classifier import Classifier
from models.errors import UnknownName
from models.preprocessing import Preprocessing


def test_records_come_back_as_they_were(tmp_path, world):
    with Store.open(tmp_path / "w") as store:
        record, path, samples = world.dataset()
        first, parts, _ = world.results(record, samples["label"].to_numpy(), accuracy=None)
        second, more, _ = world.results(record, samples["label"].to_numpy(), seed=1, model_id="n", seconds=2.25)
        store.save_dataset(record, path)
        store.save_pass(first, parts)
        store.save_pass(second, more)
    with Store.open(tmp_path / "w") as store:
        assert store.datasets() == [record]
        assert list(store.datasets()[0].formats) == ["PNG", "JPEG, quality 75, 4:2:0"]  # most frequent first
        assert store.dataset(record.dataset_id) == store.dataset("animals 0") == record
        assert store.pass_record("pass0") == first
        assert store.pass_record("pass9") is None
        assert store.passes(record.dataset_id) == [first, second]
        assert store.passes(model_id="n") == [second]
        assert store.passes("another") == []
        assert store.class_counts("animals 0") == samples["label"].value_counts().to_dict()


def test_the_moment_it_was_added_is_given_and_a_name_finds_it(tmp_path, world):
    with Store.open(tmp_path / "w") as store:
        record, path, _ = world.dataset(added_at=None, name=" spaced ")
        store.save_dataset(record, path)
        assert store.dataset("spaced").added_at is not None
        with pytest.raises(UnknownName, match="Did you mean: spaced"):
            store.dataset("spacd")


def test_saved_again_it_keeps_its_passes(tmp_path, world):
    with Store.open(tmp_path / "w") as store:
        record, *_ = world.fill(store)
        samples, renamed = world.dataset()[1], replace(record, name="other name")
        store.save_dataset(renamed, samples)
        store.save_pass(*world.results(record, np.full(300, 1))[:2])
        assert store.datasets() == [renamed]
        assert {p.dataset_name for p in store.passes()} == {"other name"}
        assert store.counts()["sample"] == 300
        assert store.counts()["sample_result"] == 600
        assert (
            store.check()
            == ["The images of the dataset 'other name' are gone. Import it again, or delete it."]
            + ["The pass of 'tiny' over 'other name' has lost its features. Delete it and run it again."] * 2
        )


def test_names_are_one_of_their_kind(tmp_path, world):
    with Store.open(tmp_path / "w") as store:
        for seed in (0, 1):
            record, path, _ = world.dataset(20, seed=seed)
            store.save_dataset(record, path)
        for name, words in (("animals 0", "already"), ("  ", "needs a name"), ("a\nb", "cannot"), ("x" * 121, "121")):
            with pytest.raises(BadName, match=words):
                store.rename_dataset(record.dataset_id, name)
            with pytest.raises(BadName, match=words):
                store.save_dataset(replace(record, dataset_id="f" * 64, name=name), path)
        store.rename_dataset("animals 1", " beasts ")
        store.rename_dataset("beasts", "beasts")
        assert [d.name for d in store.datasets()] == ["animals 0", "beasts"]
        with pytest.raises(UnknownName):
            store.rename_dataset("animals 1", "x")
        with pytest.raises(StoreError, match="cannot be the id"):
            store.save_dataset(replace(record, dataset_id="../up", name="x"), path)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (lambda f: f.iloc[:-1], "has 19 rows, its record says 20"),
        (lambda f: f.assign(sample=f["sample"] + 1), "from 1 to 20"),
        (lambda f: f.assign(sample=f["sample"] // 2), "name 10 samples"),
        (lambda f: f.assign(label=4), "labels go from 4 to 4"),
        (lambda f: f.assign(label=-2), "labels go from -2"),
        (lambda f: f.assign(name=None), "20 are missing"),
        (lambda f: f.drop(columns=["name", "digest"]), "lacks the columns name, digest"),
    ],
)
def test_samples_that_are_not_what_the_record_says(tmp_path, world, how, words):
    with Store.open(tmp_path / "w") as store:
        record, path, frame = world.dataset(20)
        how(frame).to_parquet(path)
        with pytest.raises(BadTable, match=words):
            store.save_dataset(record, path)
        assert store.counts()["dataset"] == store.counts()["sample"] == 0
        frame.to_parquet(path)
        store.save_dataset(record, path)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (lambda f: f.iloc[:-1], "has 299 rows, its record says 300"),
        (lambda f: f.assign(sample=0), "name 200 samples"),
        (lambda f: f.assign(sample=f["sample"] + 1000), "to 1100"),
        (lambda f: f.assign(prediction=4), "to 4"),
        (lambda f: f.assign(prediction=pd.array([pd.NA] * len(f), dtype="Int32")), "101 are missing"),
        (lambda f: f.drop(columns="margin"), "margin"),
    ],
)
def test_results_that_are_not_what_the_record_says(tmp_path, world, how, words):
    with Store.open(tmp_path / "w") as store:
        record, path, frame = world.dataset()
        store.save_dataset(record, path)
        found, parts, _ = world.results(record, frame["label"].to_numpy())
        good = pd.read_parquet(parts[0])
        how(good).to_parquet(parts[0])
        with pytest.raises(BadTable, match=words):
            store.save_pass(found, parts)
        assert store.passes() == []
        assert store.counts()["sample_result"] == 0
        good.to_parquet(parts[0])
        store.save_pass(found, parts)
        assert store.counts()["sample_result"] == 300


def test_files_that_are_missing_or_damaged_are_named_without_their_path(tmp_path, world):
    with Store.open(tmp_path / "w") as store:
        record, path, frame = world.dataset()
        found, parts, _ = world.results(record, frame["label"].to_numpy())
        with pytest.raises(UnknownName, match="dataset"):
            store.save_pass(found, parts)
        store.save_dataset(record, path)
        data = parts[1].read_bytes()
        for change in (None, b"not a table", data[: len(data) // 2], b"\0" * len(data)):
            parts[1].unlink(missing_ok=True) if change is None else parts[1].write_bytes(change)
            with pytest.raises(BadTable, match=r"missing|damaged") as caught:
                store.save_pass(found, parts)
            assert str(tmp_path) not in str(caught.value)
        with pytest.raises(BadTable, match="missing"):
            store.save_pass(found, [])
        assert store.passes() == []


def test_paths_with_signs_of_patterns(tmp_path, world):
    folder = tmp_path / "it's [old] * ?" / "k=3"
    folder.mkdir(parents=True)
    with Store.open(tmp_path / "w") as store:
        record, path, frame = world.dataset()
        store.save_dataset(record, path.rename(folder / "samples.parquet"))
        found, parts, _ = world.results(record, frame["label"].to_numpy())
        store.save_pass(found, [p.rename(folder / p.name) for p in parts])
        assert store.count(Filter(record.dataset_id, "pass0")) == 300


def test_deleting_takes_all_that_hangs_on_it(tmp_path, world):
    folder = tmp_path / "w"
    with Store.open(folder) as store:
        record, *_ = world.fill(store)
        other, path, frame = world.dataset(30, seed=7)
        store.save_dataset(other, path)
        found, parts, _ = world.results(other, frame["label"].to_numpy(), seed=7)
        store.save_pass(found, parts)
        kept = store.save_selection("kept", [1, 2], other.dataset_id)
        store.save_selection("gone", [1, 2, 3], record.dataset_id)
        for dataset_id in (record.dataset_id, other.dataset_id):
            store.save_class_map(dataset_id, "m" * 64, {0: 1})
        for name in ("pass0", "pass1", "pass7"):
            (folder / "passes" / name).mkdir(parents=True)
        for name in (record.dataset_id, other.dataset_id):
            (folder / "datasets" / name).mkdir(parents=True)
            (folder / "datasets" / name / "dataset.json").write_text("{}")
        store.delete_dataset("animals 0")
        assert [d.name for d in store.datasets()] == ["animals 7"]
        assert store.passes() == [found]
        assert store.selections() == [kept]
        rows = store.counts()
        assert (rows["sample"], rows["sample_result"], rows["selection_member"], rows["class_map"]) == (30, 30, 2, 1)
        assert [p.name for p in (folder / "passes").iterdir()] == ["pass7"]
        assert [p.name for p in (folder / "datasets").iterdir()] == [other.dataset_id]
        store.delete_pass("pass7")
        store.delete_pass("pass7")
        assert store.passes() == [*(folder / "passes").iterdir()] == []
        with pytest.raises(UnknownName):
            store.delete_dataset("animals 0")
        with pytest.raises(StoreError, match="cannot be the id"):
            store.delete_pass("../datasets")
        assert (folder / "datasets").is_dir()


def test_a_model_goes_with_what_it_said(tmp_path, world, made):
    preprocessing = Preprocessing(size=(8, 8), resize=8)
    with Store.open(tmp_path / "w") as store:
        record, *_ = world.fill(store)
        for name, fingerprint in (("tiny", "m" * 64), ("other", "c")):
            store.save_classifier(
                Classifier(name, "mlp", nn.Linear(3, 2), preprocessing, ("a", "b"), {}, None, None, fingerprint)
            )
        store.save_attributions({"a": replace(made(1), classifier="m" * 64), "b": made(2)})
        store.save_class_map(record.dataset_id, "m" * 64, {0: 1})
        found = store.models()
        assert {(m.model_id, m.name, m.architecture, m.parameters) for m in found} == {
            ("m" * 64, "tiny", "mlp", 8),
            ("c", "other", "mlp", 8),
        }
        store.delete_model("m" * 64)
        assert [m.name for m in store.models()] == ["other"]
        assert store.passes() == []
        assert store.class_map(record.dataset_id, "m" * 64) is None
        assert list(store.attributions(["a", "b"])) == ["b"]
        assert store.counts()["run"] == 1


def test_class_maps_by_hand(tmp_path):
    with Store.open(tmp_path) as store:
        assert store.class_map("d", "m") is None
        store.save_class_map("d", "m", {3: 5, 1: -1})
        store.save_class_map("d", "n", {0: 0})
        assert store.class_map("d", "m") == {1: -1, 3: 5}
        store.save_class_map("d", "m", {3: 4, 2: 2})
        assert store.class_map("d", "m") == {2: 2, 3: 4}
        store.save_class_map("d", "m", {})
        assert store.class_map("d", "m") is None
        assert store.class_map("d", "n") == {0: 0}
