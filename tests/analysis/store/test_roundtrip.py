"""What is kept comes back as it was."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from PIL import Image
from torch import nn

from analysis.errors import StoreError
from analysis.store import Store, canonical, digest
from analysis.types import AttributionMap, Picture, Prediction
from models.classifier import Classifier
from models.preprocessing import Preprocessing


def a_map(seed: int = 0, **changes) -> AttributionMap:
    raw = np.random.default_rng(seed).normal(size=(7, 5)).astype(np.float32)
    raw[0, :4] = [np.float32(1e-45), -0.0, 3.4e38, 0.1]
    found = AttributionMap(
        raw=raw,
        method="gradcam",
        params={"positive_only": True, "samples": 1, "sigma": 0.1 + 0.2, "mode": "größer"},
        taps=("layer3", "layer4"),
        target="cat rather than dog",
        image="i" * 64,
        classifier="c" * 64,
        remarks=("No positive evidence.", 'A "quoted" one'),
        seconds=0.123456789,
        device="cpu",
        computed_at=datetime(2026, 11, 20, 23, 59, 59, 123456, timezone(timedelta(hours=5, minutes=30))),
    )
    return replace(found, **changes)


def test_attributions_come_back_exactly(tmp_path):
    kept = a_map()
    with Store.open(tmp_path) as store:
        store.save_attributions({"a": kept})
    with Store.open(tmp_path) as store:
        found = store.attributions(["a", "unknown"])
        assert store.warnings == ()
    assert list(found) == ["a"]
    assert found["a"].raw.dtype == np.float32
    assert found["a"].raw.tobytes() == kept.raw.tobytes()
    for field in fields(AttributionMap):
        if field.name not in ("raw", "from_store"):
            assert getattr(found["a"], field.name) == getattr(kept, field.name), field.name
    assert {k: type(v) for k, v in found["a"].params.items()} == {k: type(v) for k, v in kept.params.items()}
    assert found["a"].computed_at.tzinfo is UTC
    assert found["a"].from_store


def test_a_second_save_replaces(tmp_path):
    with Store.open(tmp_path) as store:
        store.save_attributions({"a": a_map(0), "b": a_map(0)})
        store.save_attributions({"a": a_map(1, remarks=())})
        found = store.attributions(["a", "b"])
        assert found["a"].remarks == ()
        assert np.array_equal(found["a"].raw, a_map(1).raw)
        assert np.array_equal(found["b"].raw, a_map(0).raw)
        assert store.counts()["attribution_map"] == store.counts()["run"] == 2


def test_strided_and_empty_requests(tmp_path):
    with Store.open(tmp_path) as store:
        raw = np.arange(12, dtype=np.float32).reshape(3, 4)[:, ::-1]
        store.save_attributions({"a": a_map(raw=raw)})
        store.save_attributions({})
        assert np.array_equal(store.attributions(iter(["a"]))["a"].raw, raw)
        assert store.attributions([]) == {}


def test_pictures_keep_their_bytes(tmp_path):
    picture = Picture(digest(data="x"), "../../etc/passwd", Image.new("RGB", (3, 2)))
    with Store.open(tmp_path) as store:
        store.save_picture(picture, b"the bytes")
        store.save_picture(replace(picture, name="cat.png"), b"the bytes")
        assert store.picture_bytes(picture.digest) == ("cat.png", b"the bytes")
        assert store.picture_bytes("unknown") is None
        assert store.counts()["image"] == 1
    assert not (tmp_path.parent / "etc").exists()


def test_predictions_are_replaced_whole(tmp_path):
    five = tuple(Prediction(i, f"class {i}", 0.1 * i, -1.5 * i) for i in range(5))
    with Store.open(tmp_path) as store:
        store.save_predictions("m", "x", five)
        store.save_predictions("m", "y", five[::-1])
        store.save_predictions("n", "x", five[:1])
        store.save_predictions("m", "x", five[2:4])
        assert store.predictions("m", ["x", "y", "z"]) == {"x": five[2:4], "y": five[::-1]}


def test_classifiers_are_counted_once(tmp_path):
    preprocessing = Preprocessing(size=(8, 8), resize=8)
    classifier = Classifier("tiny", "mlp", nn.Linear(3, 2), preprocessing, ("a", "b"), {}, None, None, "f" * 64)
    with Store.open(tmp_path) as store:
        store.save_classifier(classifier)
        store.save_classifier(classifier)
        assert store.counts()["model"] == 1
        with store._database.cursor() as db:
            assert db.execute("SELECT name, parameters FROM model").fetchall() == [("tiny", 8)]


def test_size_and_counts(tmp_path):
    with Store.open(tmp_path) as store:
        before = store.size_bytes()
        store.save_attributions({"a": a_map()})
        store.checkpoint()
        assert store.size_bytes() > before
        assert set(store.counts()) == {
            "model", "image", "prediction", "run", "attribution_map", "dataset", "sample", "pass", "sample_result",
            "selection", "selection_member", "class_map", "job", "variant_measure", "model_speed", "model_profile",
            "sweep", "sweep_cell", "sweep_sample", "sweep_result", "embedding", "clustering",
            "geometry_score",
        }  # fmt: skip


def test_a_closed_store_says_so(tmp_path):
    store = Store.open(tmp_path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.attributions(["a"])
    with pytest.raises(StoreError, match="closed"):
        store.save_attributions({"a": a_map()})


def test_digest_is_stable_and_tells_values_apart():
    assert digest(b=1, a=(1, 2)) == digest(a=[1, 2], b=1)
    assert len({digest(a=v) for v in (True, 1, 1.0, "1", None)}) == 5
    assert digest(a="ü") == "fd621823002706e24604cb868a9f4f8850d6f01fb5040d49ba050482e1472437"
    assert canonical({"b": 1, "a": [1.5, "x"]}) == '{"a":[1.5,"x"],"b":1}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), np.zeros(2), {1, 2}])
def test_digest_refuses_what_has_no_one_text(value):
    with pytest.raises((TypeError, ValueError)):
        digest(a=value)
