"""What moved most between two passes, against pandas."""

import numpy as np
import pytest

from analysis.errors import BadParameter
from analysis.records import Filter
from analysis.store import Store
from models.errors import UnknownName


@pytest.fixture
def filled(tmp_path, world):
    """A store with one dataset and two passes, and the frames of all of it by sample."""
    with Store.open(tmp_path / "w") as store:
        record, samples, first, second = world.fill(store)
        first.loc[3, "margin"] = np.nan
        both = samples.merge(first, on="sample").merge(second, on="sample", suffixes=("", "_other"))
        yield store, Filter(record.dataset_id, pass_id="pass0", other_pass="pass1"), both


@pytest.mark.parametrize("number", ["margin", "confidence"])
def test_the_furthest_come_first(filled, number) -> None:
    store, asked, both = filled
    moved = (both[f"{number}_other"].astype(np.float64) - both[number].astype(np.float64)).abs()
    expected = both.assign(moved=moved).sort_values(["moved", "sample"], ascending=[False, True], kind="stable")
    expected = expected[expected["sample"] != 3].head(20)
    found = [c for c in store.changes(asked, number, limit=21) if c.sample != 3][:20]
    assert [c.sample for c in found] == expected["sample"].tolist()
    assert [c.name for c in found] == expected["name"].tolist()
    assert [c.label for c in found] == expected["label"].tolist()
    assert [(c.prediction, c.other_prediction) for c in found] == list(
        zip(expected["prediction"], expected["prediction_other"], strict=True)
    )
    for mine, theirs in (("margin", "margin"), ("other_margin", "margin_other"), ("confidence", "confidence")):
        assert [getattr(c, mine) for c in found] == pytest.approx(expected[theirs].tolist())


def test_only_samples_of_the_filter_count(filled) -> None:
    store, asked, both = filled
    narrowed = Filter(asked.dataset_id, pass_id="pass0", other_pass="pass1", agree=False, labels=(1,))
    wanted = both[(both["prediction"] != both["prediction_other"]) & (both["label"] == 1)]
    assert {c.sample for c in store.changes(narrowed, limit=1000)} == set(wanted["sample"])
    assert len(store.changes(asked, limit=4)) == 4
    assert store.changes(asked, limit=0) == []


def test_a_number_that_is_not_there_comes_last_and_is_none(tmp_path, world) -> None:
    with Store.open(tmp_path / "w") as store:
        dataset, path, samples = world.dataset(30)
        store.save_dataset(dataset, path)
        for seed in (0, 1):
            record, parts, frame = world.results(dataset, samples["label"].to_numpy(), seed=seed)
            if seed:
                frame["margin"] = np.where(frame["sample"] == 7, np.nan, frame["margin"])
                parts = [world.folder / "whole.parquet"]
                frame.to_parquet(parts[0])
            store.save_pass(record, parts)
        last = store.changes(Filter(dataset.dataset_id, pass_id="pass0", other_pass="pass1"), limit=100)[-1]
        assert (last.sample, last.other_margin) == (7, None)
        assert last.margin is not None


def test_both_passes_must_be_named(filled) -> None:
    store, asked, _ = filled
    for lacking in (Filter(asked.dataset_id, pass_id="pass0"), Filter(asked.dataset_id, other_pass="pass1")):
        with pytest.raises(BadParameter, match="Name both"):
            store.changes(lacking)
    with pytest.raises(UnknownName, match="number that moves"):
        store.changes(asked, "length")
