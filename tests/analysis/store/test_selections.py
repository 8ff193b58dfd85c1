"""Selections: saved, renamed, combined, exported, and refused."""

import re

import numpy as np
import pytest

from analysis.errors import BadName, BadParameter, UnknownSelection
from analysis.records import Filter
from analysis.store import Store
from models.errors import UnknownName


@pytest.fixture
def filled(tmp_path, world):
    with Store.open(tmp_path / "w") as store:
        record, samples, first, _ = world.fill(store)
        yield store, record.dataset_id, samples, first


def test_a_filter_and_a_list_are_kept(filled, tmp_path):
    store, dataset_id, _, first = filled
    sure = store.save_selection(" sure ", Filter(dataset_id, "pass0", ranges=(("confidence", 0.9, None),)), dataset_id)
    some = store.save_selection("some", [5, 3, 5, 299], dataset_id, "a lasso")
    none = store.save_selection("none", [], dataset_id, "nothing")
    assert sure.name == "sure"
    assert store.selection_ids(sure.selection_id).tolist() == first.query("confidence >= 0.9")["sample"].tolist()
    assert sure.size == len(store.selection_ids(sure.selection_id)) > 10
    assert (some.size, some.made_from, some.dataset_id) == (3, "a lasso", dataset_id)
    assert store.selection_ids(some.selection_id).tolist() == [3, 5, 299]
    assert store.selection_ids(some.selection_id).dtype == np.int32
    assert store.selection_ids(none.selection_id).tolist() == []
    assert all(re.fullmatch("[0-9a-f]{8}", s.selection_id) for s in (sure, some, none))
    assert store.selections() == store.selections(dataset_id) == [none, some, sure]
    assert store.selections("another") == []
    store.close()
    with Store.open(tmp_path / "w") as again:
        assert again.selection(some.selection_id) == some


@pytest.mark.parametrize("kind", ["and", "or", "not"])
def test_two_are_combined_as_sets(filled, kind):
    store, dataset_id, *_ = filled
    rng = np.random.default_rng(3)
    sets = [set(rng.choice(300, 120, replace=False).tolist()) for _ in range(2)]
    first, second = (store.save_selection(f"s{i}", sorted(s), dataset_id) for i, s in enumerate(sets))
    found = store.combine_selections("both", first.selection_id, kind, second.selection_id)
    wanted = {"and": sets[0] & sets[1], "or": sets[0] | sets[1], "not": sets[0] - sets[1]}[kind]
    assert store.selection_ids(found.selection_id).tolist() == sorted(wanted)
    assert found.size == len(wanted)
    assert "s0" in found.made_from
    assert "s1" in found.made_from
    alone = store.combine_selections("itself", first.selection_id, kind, first.selection_id)
    assert alone.size == (0 if kind == "not" else 120)


def test_names_and_samples_that_cannot_be(filled, world):
    store, dataset_id, *_ = filled
    kept = store.save_selection("kept", [1], dataset_id)
    other, path, _ = world.dataset(20, seed=4)
    store.save_dataset(other, path)
    foreign = store.save_selection("foreign", [1], other.dataset_id)
    for name, words in (("kept", "already"), ("", "needs a name"), ("  \t", "needs a name"), ("a\x00", "cannot")):
        with pytest.raises(BadName, match=words):
            store.save_selection(name, [2], dataset_id)
        with pytest.raises(BadName, match=words):
            store.rename_selection(foreign.selection_id, name)
        with pytest.raises(BadName, match=words):
            store.combine_selections(name, kept.selection_id, "or", kept.selection_id)
    for ids, words in (([300], "0 to 299"), ([-1], "no sample -1"), ([1.5], "whole numbers"), (["a"], "whole")):
        with pytest.raises(BadParameter, match=words):
            store.save_selection("new", ids, dataset_id)
    with pytest.raises(BadParameter, match="different datasets"):
        store.combine_selections("new", kept.selection_id, "and", foreign.selection_id)
    with pytest.raises(BadParameter, match="and, or, not"):
        store.combine_selections("new", kept.selection_id, "xor", kept.selection_id)
    with pytest.raises(BadParameter, match="another dataset"):
        store.save_selection("new", Filter(other.dataset_id), dataset_id)
    with pytest.raises(UnknownName):
        store.save_selection("new", [1], "nowhere")
    assert {s.name for s in store.selections()} == {"kept", "foreign"}
    assert store.counts()["selection_member"] == 2


def test_unknown_ones_are_told(filled):
    store, dataset_id, *_ = filled
    kept = store.save_selection("kept", [1], dataset_id)
    for ask in (
        store.selection,
        store.selection_ids,
        store.delete_selection,
        store.export_selection,
        lambda i: store.rename_selection(i, "x"),
        lambda i: store.combine_selections("x", kept.selection_id, "or", i),
    ):
        with pytest.raises(UnknownSelection, match="deadbeef"):
            ask("deadbeef")


def test_renamed_exported_deleted(filled):
    store, dataset_id, samples, _ = filled
    kept = store.save_selection("kept", [7, 2], dataset_id)
    assert store.rename_selection(kept.selection_id, "better").name == "better"
    assert store.rename_selection(kept.selection_id, "better").selection_id == kept.selection_id
    table = store.export_selection(kept.selection_id)
    assert table["sample"].to_pylist() == [2, 7]
    assert table["name"].to_pylist() == [samples["name"][2], samples["name"][7]]
    assert set(table.column_names) >= {"label", "truth", "condition"}
    store.delete_selection(kept.selection_id)
    assert store.selections() == []
    assert store.counts()["selection_member"] == 0
    store.save_selection("better", [1], dataset_id)
