"""Questions to samples, against pandas."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.errors import BadParameter, UnknownSelection
from analysis.records import NUMBERS, UNLABELLED, Filter
from analysis.store import Store
from models.errors import UnknownName


@pytest.fixture
def filled(tmp_path, world):
    """A store with one dataset and two passes, and one frame with all of it."""
    with Store.open(tmp_path / "w") as store:
        record, samples, first, second = world.fill(store)
        other = second[["sample", "prediction"]].rename(columns={"prediction": "other"})
        yield store, record.dataset_id, samples.merge(first, on="sample").merge(other, on="sample")


def cases(all_: pd.DataFrame):
    """What a filter says, and the rows it must take."""
    known = all_["correct"].notna()
    right = all_["correct"].fillna(False).astype(bool)
    least, most = np.float32(0.3), np.float32(0.7)
    return {
        "all": ({}, all_["sample"] >= 0),
        "labels": ({"labels": (0, 2)}, all_["label"].isin([0, 2])),
        "unlabelled": ({"labels": (UNLABELLED,)}, all_["label"] == -1),
        "a class that is not there": ({"labels": (77,)}, all_["label"] == 77),
        "predictions": ({"predictions": (1, 3)}, all_["prediction"].isin([1, 3])),
        "other predictions": ({"other_predictions": (0,)}, all_["other"] == 0),
        "correct": ({"correct": True}, known & right),
        "wrong": ({"correct": False}, known & ~right),
        "agree": ({"agree": True}, all_["prediction"] == all_["other"]),
        "differ": ({"agree": False}, all_["prediction"] != all_["other"]),
        "range": ({"ranges": (("confidence", 0.3, 0.7),)}, all_["confidence"].between(least, most)),
        "least": ({"ranges": (("loss", 0.5, None),)}, all_["loss"] >= 0.5),
        "most": ({"ranges": (("loss", None, 0.5),)}, all_["loss"] <= 0.5),
        "has one": ({"ranges": (("loss", None, None),)}, all_["loss"].notna()),
        "the edges": ({"ranges": (("length", 0.3, 0.3),)}, all_["length"] == least),
        "two ranges": (
            {"ranges": (("angle", None, 0.5), ("margin", 0.5, None))},
            (all_["angle"] <= 0.5) & (all_["margin"] >= 0.5),
        ),
        "conditions": ({"conditions": ("fog/1", "")}, all_["condition"].isin(["fog/1", ""])),
        "text": ({"text": "_A"}, all_["name"].str.contains("_A")),
        "text in any case": ({"text": "GRÖSSE"}, all_["name"].str.contains("nothing is folded so far")),
        "umlaut in any case": ({"text": "RÖßE_01"}, all_["name"].str.contains("röße_01")),
        "signs of LIKE": ({"text": "%"}, all_["name"].str.contains("%", regex=False)),
        "no wildcard": ({"text": "0_b"}, all_["name"].str.contains("0_b", regex=False)),
        "a backslash": ({"text": "e\\_"}, all_["name"].str.contains("e\\_", regex=False)),
        "a backslash alone": ({"text": "\\"}, all_["name"].str.contains("\\", regex=False)),
        "SQL in a text": ({"text": "' OR 1=1 --"}, all_["sample"] < 0),
        "all at once": (
            {
                "labels": (1, 2, 3),
                "predictions": (0, 2, 3),
                "other_predictions": (0, 1, 2),
                "correct": False,
                "agree": False,
                "ranges": (("confidence", 0.1, 0.9),),
                "conditions": ("fog/2",),
                "text": "größe",
            },
            all_["label"].isin([1, 2, 3])
            & all_["prediction"].isin([0, 2, 3])
            & all_["other"].isin([0, 1, 2])
            & (known & ~right)
            & (all_["prediction"] != all_["other"])
            & all_["confidence"].between(np.float32(0.1), np.float32(0.9))
            & (all_["condition"] == "fog/2"),
        ),
    }


def test_every_condition_takes_what_pandas_takes(filled):
    store, dataset_id, all_ = filled
    taken = {}
    for name, (given, rows) in cases(all_).items():
        wanted = all_.loc[rows, "sample"].tolist()
        asked = Filter(dataset_id, "pass0", "pass1", **given)
        ids = store.sample_ids(asked)
        assert ids.dtype == np.int32
        assert ids.tolist() == wanted, name
        assert store.count(asked) == len(wanted), name
        assert [s.sample for s in store.samples(asked, limit=1000)] == wanted, name
        taken[name] = len(wanted)
    assert taken["all at once"] >= 3  # the case is worth its name
    nothing = {name for name, size in taken.items() if not size}
    assert nothing == {"a class that is not there", "text in any case", "SQL in a text"}


def test_a_selection_is_a_condition_like_any_other(filled):
    store, dataset_id, all_ = filled
    kept = store.save_selection("odd", np.arange(1, 300, 2), dataset_id, "by hand")
    asked = Filter(dataset_id, "pass0", predictions=(1,), selection_id=kept.selection_id)
    assert store.sample_ids(asked).tolist() == all_.query("prediction == 1 and sample % 2 == 1")["sample"].tolist()
    assert store.count(Filter(dataset_id, selection_id=kept.selection_id)) == 150


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", ["sample", "name", "label", "prediction", *NUMBERS])
def test_pages_are_in_order(filled, sort, descending):
    store, dataset_id, all_ = filled
    asked = Filter(dataset_id, "pass0", conditions=("fog/1", ""))
    rows = all_[all_["condition"] != "fog/2"].assign(label=lambda f: f["label"].where(f["label"] >= 0))
    wanted = rows.sort_values(
        [sort, "sample"] if sort != "sample" else sort, ascending=[not descending, True][: 1 + (sort != "sample")]
    )
    wanted = wanted["sample"].tolist()
    pages = [store.samples(asked, sort=sort, descending=descending, limit=33, offset=o) for o in range(0, 231, 33)]
    assert [s.sample for page in pages for s in page] == wanted
    assert [len(page) for page in pages] == [33] * 6 + [2]


def test_a_sample_comes_back_whole(filled):
    store, dataset_id, all_ = filled
    found = store.samples(Filter(dataset_id, "pass0", "pass1"), limit=300)
    for sample, row in zip(found, all_.itertuples(), strict=True):
        assert (sample.sample, sample.name, sample.label) == (row.sample, row.name, row.label)
        assert (sample.width_px, sample.height_px, sample.condition) == (row.width_px, row.height_px, row.condition)
        assert (sample.prediction, sample.other_prediction) == (row.prediction, row.other)
        assert sample.correct is (None if row.correct is pd.NA else bool(row.correct))
        for number in NUMBERS:
            value = getattr(row, number)
            assert getattr(sample, number) == (None if math.isnan(value) else value), number
        assert sample.top_classes == tuple(row.top_classes)
        assert sample.top_probabilities == (0.5, 0.25, 0.125)
    (bare,) = store.samples(Filter(dataset_id), limit=1)
    assert bare.prediction is bare.correct is bare.confidence is bare.other_prediction is None
    assert bare.top_classes == ()


def test_agreement_is_by_name_where_classes_differ(tmp_path, world):
    with Store.open(tmp_path / "w") as store:
        record, _, first, _ = world.fill(store)
        classes = ("ant", "cat", "cat", "fox", "dog")
        labels = np.full(300, -1)
        found, parts, third = world.results(record, labels, seed=5, classes=classes)
        store.save_pass(found, parts)
        ours = [record.class_names[p] for p in first["prediction"]]
        theirs = [classes[p] for p in third["prediction"]]
        same = [i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a == b]
        for passes in (("pass0", "pass5"), ("pass5", "pass0")):
            assert store.sample_ids(Filter(record.dataset_id, *passes, agree=True)).tolist() == same
        assert 0 < len(same) < 150


def test_a_pass_over_some_samples_answers_for_these(tmp_path, world):
    with Store.open(tmp_path / "w") as store:
        record, path, samples = world.dataset()
        store.save_dataset(record, path)
        found, parts, frame = world.results(record, samples["label"].to_numpy(), samples=200)
        for start, part in enumerate(parts):
            frame[frame["sample"] % 3 > 0].iloc[start::3].to_parquet(part)  # in no order
        store.save_pass(found, parts)
        asked = Filter(record.dataset_id, "pass0")
        assert store.sample_ids(asked).tolist() == [i for i in range(300) if i % 3]
        assert store.count(asked) == 200
        by_number = store.samples(asked, sort="confidence", limit=300)
        assert [s.confidence for s in by_number] == sorted(frame["confidence"][frame["sample"] % 3 > 0])
        assert store.table(asked)["prediction"].null_count == 0
        assert store.confusion(asked, "truth", "pass0").counts.sum() == sum(frame["sample"] % 3 > 0) - sum(
            (samples["label"] < 0) & (samples["sample"] % 3 > 0)
        )


def test_a_histogram_is_numpys(filled):
    store, dataset_id, all_ = filled
    rows = all_[(all_["prediction"] == 1) & all_["loss"].notna()]
    counts, edges = store.histogram(Filter(dataset_id, "pass0", predictions=(1,)), "loss", bins=7)
    wanted = np.histogram(rows["loss"].to_numpy(np.float64), 7)
    assert counts.tolist() == wanted[0].tolist()
    assert np.allclose(edges, wanted[1])
    assert counts.sum() == len(rows) > 20
    with pytest.raises(UnknownName, match="confidence"):
        store.histogram(Filter(dataset_id, "pass0"), "confidance")


def test_a_table_has_names_beside_numbers(filled):
    store, dataset_id, all_ = filled
    asked = Filter(dataset_id, "pass0", "pass1", correct=False)
    rows = all_[(all_["correct"] == False).fillna(False)]  # noqa: E712
    table = store.table(asked)
    assert table.column_names == [
        "sample", "name", "condition", "width_px", "height_px", "label", "truth", "predicted_class", "prediction",
        "confidence", "correct", "loss", "angle", "length", "margin", "other_class", "other_prediction",
    ]  # fmt: skip
    classes = ("cat", "dog", "owl", "ant")
    assert table["sample"].to_pylist() == rows["sample"].tolist()
    assert table["name"].to_pylist() == rows["name"].tolist()
    assert table["truth"].to_pylist() == [classes[label] for label in rows["label"]]
    assert table["prediction"].to_pylist() == [classes[p] for p in rows["prediction"]]
    assert table["other_prediction"].to_pylist() == [classes[p] for p in rows["other"]]
    assert table["loss"].to_pylist() == [None if math.isnan(v) else v for v in rows["loss"]]
    bare = store.table(Filter(dataset_id), limit=40)
    assert bare["label"].to_pylist() == [None if v < 0 else v for v in all_["label"][:40]]
    assert bare["truth"].null_count == bare["label"].null_count > 0
    assert "prediction" not in bare.column_names


def test_what_does_not_fit_together_is_refused(filled, world):
    store, dataset_id, _ = filled
    other, path, _ = world.dataset(20, seed=9)
    store.save_dataset(other, path)
    kept = store.save_selection("of another", [1], other.dataset_id, "")
    for given, error, words in (
        (Filter("animal"), UnknownName, "animals 0"),
        (Filter(dataset_id, "pass7"), UnknownName, "pass0"),
        (Filter(other.dataset_id, "pass0"), BadParameter, "animals 0"),
        (Filter(dataset_id, predictions=(1,)), BadParameter, "needs a pass"),
        (Filter(dataset_id, "pass0", other_predictions=(1,)), BadParameter, "second pass"),
        (Filter(dataset_id, "pass0", agree=True), BadParameter, "two passes"),
        (Filter(dataset_id, "pass0", ranges=(("1=1 OR loss", 0.0, None),)), UnknownName, "no number named"),
        (Filter(dataset_id, selection_id="deadbeef"), UnknownSelection, "deadbeef"),
        (Filter(dataset_id, selection_id=kept.selection_id), BadParameter, "of another"),
    ):
        for ask in (store.count, store.sample_ids, store.samples, store.table):
            with pytest.raises(error, match=words):
                ask(given)
    with pytest.raises(BadParameter, match="needs a pass"):
        store.samples(Filter(dataset_id), sort="loss")
    with pytest.raises(UnknownName, match="order of samples"):
        store.samples(Filter(dataset_id, "pass0"), sort="sample; DROP TABLE sample")
