"""Confusion matrices and scores, against pandas and by hand."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.errors import BadParameter
from analysis.records import TRUTH, Filter
from analysis.store import Store, expected_calibration_error
from models.errors import UnknownName


@pytest.fixture
def filled(tmp_path, world):
    with Store.open(tmp_path / "w") as store:
        record, samples, first, second = world.fill(store)
        other = second[["sample", "prediction"]].rename(columns={"prediction": "other"})
        yield store, record, samples.merge(first, on="sample").merge(other, on="sample")


def as_dict(found) -> dict[tuple[str, str], int]:
    """Cells that are not empty, by the names of their classes."""
    return {
        (row, column): int(found.counts[i, j])
        for i, row in enumerate(found.row_names)
        for j, column in enumerate(found.column_names)
        if found.counts[i, j]
    }


def counted(rows: pd.DataFrame, row: str, column: str, names) -> dict[tuple[str, str], int]:
    rows = rows[(rows[row] >= 0) & (rows[column] >= 0)]
    return {(names[r], names[c]): int(n) for (r, c), n in rows.groupby([row, column]).size().items()}


def test_every_axis_counts_what_pandas_counts(filled):
    store, record, all_ = filled
    rows = all_[all_["confidence"] >= np.float32(0.4)]
    asked = Filter(record.dataset_id, "pass0", ranges=(("confidence", 0.4, None),))
    columns = {TRUTH: "label", "pass0": "prediction", "pass1": "other"}
    for row, left in columns.items():
        for column, top in columns.items():
            if row != column:
                found = store.confusion(asked, row, column)
                assert found.counts.dtype == np.int64
                assert as_dict(found) == counted(rows, left, top, record.class_names), (row, column)
    with pytest.raises(UnknownName, match="pass0"):
        store.confusion(asked, TRUTH, "pass9")


def test_the_diagonal_is_agreement_through_the_class_map(filled):
    store, record, all_ = filled  # the classifier's class is the dataset's plus one, and it does not know the first
    found = store.confusion(Filter(record.dataset_id), TRUTH, "pass0")
    assert found.column_names == ("cat", "owl", "ant", "dog")
    assert found.row_names == ("ant", "dog", "owl", "cat")
    turned = store.confusion(Filter(record.dataset_id), "pass0", TRUTH)
    assert np.array_equal(turned.counts, found.counts.T)
    assert turned.row_classes == found.column_classes
    known = all_[all_["truth"].notna()]
    assert found.counts.sum() == (all_["label"] >= 0).sum()
    assert (known["truth"] == known["prediction"]).sum() == sum(
        found.counts[found.row_classes.index(r), found.column_classes.index((r + 1) % 4)] for r in (1, 2, 3)
    )


def large(store, world, truth, said, classes=50):
    """A dataset with as many classes and a pass that says this."""
    names = tuple(f"class {i}" for i in range(classes))
    record, path, frame = world.dataset(len(truth), seed=5, class_names=names)
    frame.assign(label=np.asarray(truth, np.int32)).to_parquet(path)
    store.save_dataset(record, path)
    found, parts, results = world.results(record, np.full(len(truth), -1), seed=5, classes=names)
    results = results.assign(prediction=np.asarray(said, np.int32))
    for start, part in enumerate(parts):
        results.iloc[start :: len(parts)].to_parquet(part)
    store.save_pass(replace(found, class_map=tuple(range(classes))), parts)
    return record


def test_two_classes_of_the_dataset_may_be_one_of_the_classifiers(tmp_path, world):
    with Store.open(tmp_path / "w") as store:
        record, path, samples = world.dataset()
        store.save_dataset(record, path)
        found, parts, _ = world.results(record, samples["label"].to_numpy())
        store.save_pass(replace(found, class_map=(1, 1, 2, 3)), parts)
        shown = store.confusion(Filter(record.dataset_id), TRUTH, "pass0")
        assert shown.row_names == ("cat", "owl", "ant", "dog")
        assert shown.column_names == ("dog", "owl", "ant", "cat")


def test_of_many_classes_those_with_most_errors_stay(tmp_path, world):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 50, 3000)
    said = truth.copy()
    for wrong, times in ((40, 30), (3, 20), (17, 10)):  # taken for each other, so that both sides have errors
        said[rng.choice(np.flatnonzero(truth == wrong), times, replace=False)] = (wrong + 1) % 50
    with Store.open(tmp_path / "w") as store:
        record = large(store, world, truth, said)
        found = store.confusion(Filter(record.dataset_id), TRUTH, "pass5", most=6)
        assert set(found.row_classes) == {3, 4, 17, 18, 40, 41}
        assert found.row_classes == found.column_classes == tuple(sorted(found.row_classes))
        assert found.counts[found.row_classes.index(40), found.column_classes.index(41)] == 30
        assert found.counts[found.row_classes.index(3), found.column_classes.index(3)] == sum(truth == 3) - 20
        seven = store.confusion(Filter(record.dataset_id), TRUTH, "pass5", most=7)
        often = np.bincount(truth, minlength=50) * 2
        often[[3, 4, 17, 18, 40, 41]] = 0
        assert set(seven.row_classes) - set(found.row_classes) == {int(np.argmax(often))}
        with pytest.raises(BadParameter, match="at least one class"):
            store.confusion(Filter(record.dataset_id), TRUTH, "pass5", most=0)


def test_all_classes_are_shown_where_there_are_few_and_none_where_nothing_is(filled):
    store, record, _ = filled
    found = store.confusion(Filter(record.dataset_id, "pass0", predictions=(2,)), TRUTH, "pass0")
    assert set(found.column_names) == set(record.class_names)
    nothing = store.confusion(Filter(record.dataset_id, text="no such name"), TRUTH, "pass0")
    assert nothing.counts.shape == (4, 4)
    assert nothing.counts.sum() == 0


def test_reliability_is_counted_in_right_closed_bins(tmp_path, world):
    with Store.open(tmp_path / "w") as store:
        record, path, samples = world.dataset(8)
        samples.assign(label=np.int32(1)).to_parquet(path)
        store.save_dataset(record, path)
        found, parts, frame = world.results(record, np.full(8, 1))
        confidence = np.float32([0.0, 0.25, 0.25, 0.5, 0.75, 0.7500001, 1.0, 0.6])
        frame["confidence"] = confidence
        frame["correct"] = pd.array([False, True, False, True, True, False, True, pd.NA], dtype="boolean")
        for start, part in enumerate(parts):
            frame.iloc[start :: len(parts)].to_parquet(part)
        store.save_pass(found, parts)
        bins = store.reliability(Filter(record.dataset_id, "pass0"), bins=4)
        assert [(b.lower, b.upper, b.samples) for b in bins] == [
            (0.0, 0.25, 3), (0.25, 0.5, 1), (0.5, 0.75, 1), (0.75, 1.0, 2),
        ]  # fmt: skip
        assert [b.accuracy for b in bins] == [pytest.approx(1 / 3), 1.0, 1.0, 0.5]
        assert [b.confidence for b in bins] == pytest.approx([1 / 6, 0.5, 0.75, 0.87500005])
        error = (3 * (1 / 3 - 1 / 6) + 1 * 0.5 + 1 * 0.25 + 2 * 0.37500005) / 7
        assert expected_calibration_error(bins) == pytest.approx(error)
        (none,) = store.reliability(Filter(record.dataset_id, "pass0", text="no such"), bins=1)
        assert none.samples == 0
        assert math.isnan(none.accuracy)
        assert math.isnan(none.confidence)
        assert math.isnan(expected_calibration_error([none]))
        with pytest.raises(BadParameter, match="at least one bin"):
            store.reliability(Filter(record.dataset_id, "pass0"), bins=0)
        with pytest.raises(BadParameter, match="needs a pass"):
            store.reliability(Filter(record.dataset_id))


def test_class_scores_are_pandas(filled):
    store, record, all_ = filled
    rows = all_[all_["angle"] <= np.float32(0.8)]
    known = rows[rows["truth"].notna()]
    found = {s.index: s for s in store.class_scores(Filter(record.dataset_id, "pass0", ranges=(("angle", None, 0.8),)))}
    assert sorted(found) == [0, 1, 2, 3]  # 1 is never the truth: the first class is unknown to the classifier
    for index, score in found.items():
        own = known[known["truth"] == index]
        said = known[known["prediction"] == index]
        assert score.name == record.class_names[index]
        assert score.samples == len(own)
        assert score.predicted == (rows["prediction"] == index).sum()
        assert score.precision == pytest.approx((said["truth"] == index).mean())
        if index == 1:
            assert score.samples == 0
            assert math.isnan(score.recall)
            assert math.isnan(score.confidence)
            assert score.most_confused == ""
        else:
            assert score.recall == pytest.approx((own["prediction"] == index).mean())
            assert score.confidence == pytest.approx(own["confidence"].astype(float).mean())
            wrong = own["prediction"][own["prediction"] != index].value_counts()
            most = min(c for c, n in wrong.items() if n == wrong.max())
            assert score.most_confused == record.class_names[most]
    assert store.class_scores(Filter(record.dataset_id, "pass0", text="no such name")) == []
