"""Tables out and in again."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from analysis.errors import BadName, BadTable, StoreTooNew
from analysis.records import Filter, JobRecord
from analysis.store import Store
from analysis.store.schema import newest_step


@pytest.fixture
def exported(tmp_path, world, made):
    """A folder with all tables, and what was in the store."""
    with Store.open(tmp_path / "w") as store:
        record, *_ = world.fill(store)
        store.save_attributions({"a": made(1)})
        kept = store.save_selection("some", [1, 250], record.dataset_id)
        store.save_class_map(record.dataset_id, "m", {0: 1})
        for key, state in (("k", "done"), ("l", "queued")):
            store.put_job(JobRecord(key, "predict", "job", {"a": 1}, state, "", datetime.now(UTC)))
        store.export_to(tmp_path / "out")
        yield tmp_path / "out", store, record, kept


def test_what_goes_out_is_plain_parquet(exported):
    folder, store, *_ = exported
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["schema"] == newest_step()
    assert manifest["rows"] == store.counts()
    assert {p.stem for p in folder.glob("*.parquet")} == set(store.counts())
    frame = pd.read_parquet(folder / "sample_result.parquet")
    assert len(frame) == 600
    assert {"prediction", "angle", "top_classes"} <= set(frame)
    assert not [p for p in folder.parent.iterdir() if p.name.endswith(".part")]
    with pytest.raises(BadName, match="there already"):
        store.export_to(folder)


def test_into_an_empty_store_and_again(exported, tmp_path):
    folder, first, record, kept = exported
    with Store.open(tmp_path / "v") as store:
        for _ in range(2):
            store.import_from(folder)
            assert store.datasets() == [record]
            assert store.passes() == first.passes()
            assert store.selections() == [kept]
            assert store.selection_ids(kept.selection_id).tolist() == [1, 250]
            asked = Filter(record.dataset_id, "pass1", "pass0", selection_id=kept.selection_id)
            assert store.samples(asked) == first.samples(asked)
            assert store.class_map(record.dataset_id, "m") == {0: 1}
            assert [j.key for j in store.jobs()] == ["k"]  # what was not finished there is not begun here
            assert store.counts() == first.counts() | {"job": 1}


def test_into_a_store_with_others_nothing_is_mixed_up(exported, tmp_path, world):
    folder, first, record, _ = exported
    with Store.open(tmp_path / "v") as store:
        other, path, frame = world.dataset(200, seed=3, name=record.name)
        store.save_dataset(other, path)
        store.save_pass(*world.results(other, frame["label"].to_numpy(), seed=3)[:2])
        own = store.save_selection("some", np.arange(7), other.dataset_id)
        before = store.samples(Filter(other.dataset_id, "pass3"), limit=200)
        store.import_from(folder)
        assert {d.name: d.dataset_id for d in store.datasets()} == {
            "animals 0": other.dataset_id,
            "animals 0 (2)": record.dataset_id,
        }
        assert {s.name: s.size for s in store.selections()} == {"some": 7, "some (2)": 2}
        assert store.samples(Filter(other.dataset_id, "pass3"), limit=200) == before
        asked = Filter(record.dataset_id, "pass0", correct=True)
        assert store.samples(asked) == first.samples(asked)
        assert store.selection_ids(own.selection_id).tolist() == list(range(7))
        assert not [said for said in store.check() if "gone" not in said and "lost its features" not in said]


def test_only_what_is_missing_is_filled(exported, tmp_path):
    folder, store, record, kept = exported
    store.rename_dataset(record.dataset_id, "mine now")
    store.delete_pass("pass1")
    store.delete_selection(kept.selection_id)
    store.import_from(folder)
    assert store.dataset(record.dataset_id).name == "mine now"
    assert {p.pass_id for p in store.passes()} == {"pass0", "pass1"}
    assert store.counts()["sample"] == 300
    assert store.selections() == [kept]


def test_what_is_not_whole_is_refused_whole(exported, tmp_path):
    folder, *_ = exported
    good = json.loads((folder / "manifest.json").read_text())

    def manifest(**changes):
        (folder / "manifest.json").write_text(json.dumps(good | changes))

    with Store.open(tmp_path / "v") as store:
        manifest(schema=newest_step() + 1)
        with pytest.raises(StoreTooNew, match=f"step {newest_step() + 1}"):
            store.import_from(folder)
        manifest(format="something else")
        with pytest.raises(BadTable, match="not one of Cutaway's"):
            store.import_from(folder)
        (folder / "manifest.json").write_text("[1")
        with pytest.raises(BadTable, match=r"manifest\.json"):
            store.import_from(folder)
        manifest(rows=good["rows"] | {"sample": 299})
        with pytest.raises(BadTable, match="300 rows, expected 299"):
            store.import_from(folder)
        manifest()
        results = pd.read_parquet(folder / "sample_result.parquet")
        fewer = results[results["sample"] != 4]
        fewer.to_parquet(folder / "sample_result.parquet")  # with pandas' index as a column
        manifest(rows=good["rows"] | {"sample_result": len(fewer)})
        with pytest.raises(BadTable, match="__index_level_0__"):
            store.import_from(folder)
        fewer.to_parquet(folder / "sample_result.parquet", index=False)
        with pytest.raises(BadTable, match="299 rows in sample_result"):
            store.import_from(folder)
        (folder / "sample_result.parquet").write_bytes(b"not a table")
        with pytest.raises(BadTable, match="damaged"):
            store.import_from(folder)
        (folder / "sample_result.parquet").unlink()
        with pytest.raises(BadTable, match="missing"):
            store.import_from(folder)
        with pytest.raises(BadTable, match=r"manifest\.json"):
            store.import_from(tmp_path / "nowhere")
        assert set(store.counts().values()) == {0}


def test_an_export_of_an_older_schema_is_taken(exported, tmp_path, made):
    folder, *_ = exported
    manifest = json.loads((folder / "manifest.json").read_text())
    old = ("model", "image", "prediction", "run", "attribution_map")
    for path in folder.glob("*.parquet"):
        if path.stem not in old:
            path.unlink()
    manifest |= {"schema": 1, "rows": {name: manifest["rows"][name] for name in old}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    shutil.copytree(tmp_path / "w" / "maps", tmp_path / "v" / "maps")
    with Store.open(tmp_path / "v") as store:
        store.import_from(folder)
        assert np.array_equal(store.attributions(["a"])["a"].raw, replace(made(1)).raw)
        assert store.datasets() == []
