"""From models and a dataset to numbers in the store: asked, run and measured once, compared, gone on with."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.datasets.opened import OpenDataset
from analysis.errors import BadParameter, Cancelled, DataError, NotApplicable
from analysis.geometry import MEASURES, similarity
from analysis.geometry.features import Features
from analysis.passes.features import feature_path
from analysis.passes.zeros import zeros_path
from analysis.pipelines import geometry, geometry_measuring, predict
from analysis.pipelines.geometry_asking import places
from analysis.pipelines.geometry_classes import class_names, foreign, labels_of
from analysis.pipelines.geometry_measuring import values_of
from analysis.pipelines.geometry_similarity import cka_at_once, layers, networks
from analysis.pipelines.predict import DATASETS, PASSES
from analysis.pipelines.work import KINDS, run_here
from analysis.records import PassRecord
from analysis.store import Store
from analysis.types import silent
from models import catalogue
from models.errors import UnknownName
from tests.analysis.pipelines.embedding_specimens import dataset_in
from tests.analysis.pipelines.sweep_specimens import dataset, keep

MODEL, COUNT = "digits-cnn", 120
FEW = ("length", "nc1", "weight_norms")


@pytest.fixture
def store(workspace: Path) -> Iterator[Store]:
    with Store.open(workspace) as opened:
        yield opened


@pytest.fixture
def digits(workspace: Path, store: Store) -> str:
    return dataset(workspace, COUNT, store)


@pytest.fixture
def measured(monkeypatch) -> list[int]:
    """The widths of the features that were measured."""
    took, seen = geometry.measure_tap, []

    def measure_tap(features, *given):
        seen.append(features.width)
        return took(features, *given)

    monkeypatch.setattr(geometry, "measure_tap", measure_tap)
    return seen


def record_of(names: tuple[str, ...], class_map: tuple[int, ...]) -> PassRecord:
    """A pass of a network with these classes over a dataset whose classes are theirs by the map."""
    return PassRecord(
        "p" * 64, "m" * 64, "net", names, "d" * 64, "data", "clean", class_map, 3, None, (), True, {}, (), 1.0, "cpu",
        datetime(2026, 11, 1, tzinfo=UTC),
    )  # fmt: skip


def asked(store, workspace, digits, *models, **given):
    return geometry.asked(store, workspace, models=models or (MODEL,), dataset_id=digits, **given)


def done(store, workspace, digits, *models, **given):
    arguments = asked(store, workspace, digits, *models, **given)
    run_here(store, workspace, "geometry", arguments)
    return arguments


def test_the_pass_is_run_and_every_tap_is_measured(workspace, store, digits, measured):
    arguments = asked(store, workspace, digits)
    json.dumps(arguments, allow_nan=False)
    assert geometry.has_work(arguments)
    heard = []
    result = run_here(store, workspace, "geometry", arguments, lambda fraction, _: heard.append(fraction))
    assert heard == sorted(heard)
    assert heard[-1] == 1
    (subject,) = arguments["subjects"]
    assert subject["taps"] == ["relu1", "relu2", "penultimate"]
    record = store.pass_record(subject["pass_id"])
    assert result["pass_ids"] == [record.pass_id]
    assert record.taps == ("relu1", "relu2", "penultimate")
    numbers = store.geometry.numbers([record.pass_id])
    assert len(numbers) == result["measurements"]
    usual = [m.name for m in MEASURES if m.group != "similarity" and not m.slow]
    for tap in record.taps:
        assert sorted(n.measure for n in numbers if n.tap == tap and not n.other_pass) == sorted(usual)
    assert list(places(numbers)) == ["relu1", "relu2", "penultimate"]
    head = {n.tap: n for n in numbers if n.measure == "weight_norms"}
    assert "not defined here because" in head["relu1"].why
    assert np.isfinite(head["penultimate"].value)
    assert store.check() == []
    assert len(measured) == 3
    assert [p.name for p in (workspace / "geometry").iterdir()] == [record.pass_id]
    assert not geometry.has_work(asked(store, workspace, digits))


def test_a_number_is_what_its_measure_says_of_the_features(workspace, store, digits):
    (subject,) = done(store, workspace, digits, measures=FEW)["subjects"]
    opened = OpenDataset.open(workspace / DATASETS / digits)
    record, head = store.pass_record(subject["pass_id"]), catalogue.load(MODEL).head
    features = geometry.features_of(workspace, record, "penultimate", opened, head)
    np.testing.assert_array_equal(features.labels, opened.labels)
    assert (features.guesses == opened.labels).mean() == pytest.approx(record.accuracy)
    np.testing.assert_allclose(features.weight, head.weight.numpy())
    numbers = {n.measure: n for n in store.geometry.numbers([record.pass_id]) if n.tap == "penultimate"}
    for name in FEW:
        expected = MEASURES[name].function(features)
        assert numbers[name].value == expected.value
        assert numbers[name].arrays == tuple(expected.arrays)
        kept = store.geometry.arrays(record.pass_id, "penultimate", name)
        for array in expected.arrays:
            np.testing.assert_array_equal(kept[array], expected.arrays[array])
    values = np.load(feature_path(workspace / PASSES / record.pass_id, "penultimate"))
    lengths = np.linalg.norm(values.astype(np.float64), axis=1)
    assert numbers["length"].value == pytest.approx(np.median(lengths))
    assert geometry.features_of(workspace, record, "relu1", opened, head).weight is None


def test_zeros_are_those_of_the_maps(workspace, store, digits):
    (subject,) = done(store, workspace, digits, measures=("sparsity",), similarity=False)["subjects"]
    network, opened = catalogue.load(MODEL), OpenDataset.open(workspace / DATASETS / digits, as_stored=True)
    maps = {}
    for tap in ("relu1", "relu2"):
        keep = lambda module, inputs, output, tap=tap: maps.update({tap: output.clone()})  # noqa: E731
        network.module.get_submodule(tap).register_forward_hook(keep)
    with torch.inference_mode():
        network.module(network.preprocessing.tensor(opened.images(range(COUNT))))
    numbers = {n.tap: n for n in store.geometry.numbers([subject["pass_id"]])}
    for tap, found in maps.items():
        number, pooled = numbers[tap], values_of(workspace, store.pass_record(subject["pass_id"]), tap) == 0
        assert number.value == pytest.approx(float((found == 0).float().mean()), abs=1e-3)
        assert number.value > pooled.mean() + 0.05
        assert number.low < number.value < number.high
        assert not [said for said in number.caveats if "pooled" in said]
        channels = store.geometry.arrays(subject["pass_id"], tap, "sparsity")["per_feature"]
        np.testing.assert_allclose(channels, (found == 0).float().mean((0, 2, 3)), atol=2e-3)
    zeros_path(workspace / PASSES / subject["pass_id"]).unlink()
    record, labelled = store.pass_record(subject["pass_id"]), OpenDataset.open(workspace / DATASETS / digits)
    for tap in (*maps, "penultimate"):  # as of a pass made before anybody counted
        features = geometry.features_of(workspace, record, tap, labelled, network.head)
        found = MEASURES["sparsity"].function(features)
        assert found.value == (values_of(workspace, record, tap) == 0).mean()
        assert bool([said for said in found.caveats if "pooled" in said]) == (tap != "penultimate")


def test_a_layer_is_not_taken_for_the_one_that_pools_it(workspace, store, digits):
    taps = ["relu3", "avgpool"]
    (subject,) = done(store, workspace, digits, measures=("sparsity",), taps=taps, similarity=False)["subjects"]
    record = store.pass_record(subject["pass_id"])
    maps, pooled = (next(n for n in store.geometry.numbers([record.pass_id]) if n.tap == tap) for tap in taps)
    np.testing.assert_allclose(*(values_of(workspace, record, tap) for tap in taps), rtol=1e-5)
    assert pooled.value == (values_of(workspace, record, "avgpool") == 0).mean()
    assert maps.value > pooled.value + 0.05


def test_labels_are_the_classifiers_classes(workspace, store):
    names = tuple("9876543210")
    found = dataset(workspace, 40, store, class_names=names)
    (subject,) = done(store, workspace, found, measures=("length",), taps=["penultimate"], similarity=False)["subjects"]
    record, opened = store.pass_record(subject["pass_id"]), OpenDataset.open(workspace / DATASETS / found)
    features = geometry.features_of(workspace, record, "penultimate", opened, None)
    np.testing.assert_array_equal(features.labels, 9 - opened.labels)


def test_where_the_network_names_none_of_the_classes_labels_are_the_datasets_own(workspace, store):
    found = dataset(workspace, COUNT, store, class_names=tuple("abcdefghijkl"))
    names = ("nc1", "knn_purity", "weight_norms", "margin_logit")
    (subject,) = done(store, workspace, found, measures=names, taps=["penultimate"], similarity=False)["subjects"]
    record, opened = store.pass_record(subject["pass_id"]), OpenDataset.open(workspace / DATASETS / found)
    assert foreign(record)
    features = geometry.features_of(workspace, record, "penultimate", opened, catalogue.load(MODEL).head)
    np.testing.assert_array_equal(features.labels, opened.labels)
    assert not features.of_head
    numbers = {n.measure: n for n in store.geometry.numbers([record.pass_id])}
    values = np.load(feature_path(workspace / PASSES / record.pass_id, "penultimate"))
    alone = MEASURES["nc1"].function(Features(values, opened.labels))
    assert numbers["nc1"].value == alone.value
    assert numbers["nc1"].samples == COUNT
    assert np.isfinite([numbers["knn_purity"].value, numbers["weight_norms"].value]).all()
    assert numbers["margin_logit"].why.endswith("the network names other classes than these samples have")


def test_class_names_are_the_networks_unless_it_names_none_of_the_datasets():
    known = record_of(("cat", "dog", "fox"), (2, -1))
    assert not foreign(known)
    assert class_names(known, ("fox", "owl")) == ("cat", "dog", "fox")
    assert labels_of(known, np.array([0, 1, -1, 0])).tolist() == [2, -1, -1, 2]
    other = record_of(("cat", "dog", "fox"), (-1, -1))
    assert foreign(other)
    assert class_names(other, ("disc", "ring")) == ("disc", "ring")
    assert labels_of(other, np.array([0, 1, -1])).tolist() == [0, 1, -1]
    nothing = record_of(("cat",), ())
    assert not foreign(nothing)
    assert class_names(nothing, ()) == ("cat",)
    assert labels_of(nothing, np.array([-1, -1])).tolist() == [-1, -1]


def test_models_are_compared_layer_by_layer(workspace, store, digits):
    keep(workspace, "half")
    arguments = done(store, workspace, digits, MODEL, "half", measures=("length", "cka", "procrustes"))
    one, two = (s["pass_id"] for s in arguments["subjects"])
    numbers = store.geometry.numbers([one, two])

    def values(pass_id, tap):
        return np.load(feature_path(workspace / PASSES / pass_id, tap))

    own = layers(numbers, one)
    assert own.rows == own.columns == ("relu1", "relu2", "penultimate")
    assert own.symmetric
    np.testing.assert_array_equal(np.diag(own.values), 1)
    assert own.values[0, 2] == pytest.approx(similarity.cka(values(one, "relu1"), values(one, "penultimate")))
    both = networks(numbers, {MODEL: one, "half": two}, "relu2")
    assert both.rows == (MODEL, "half")
    assert both.values[0, 1] == both.values[1, 0]
    assert both.values[0, 1] == pytest.approx(similarity.cka(values(one, "relu2"), values(two, "relu2")))
    assert np.diag(layers(numbers, two, "procrustes").values).tolist() == [0, 0, 0]
    assert layers(numbers, one, "rsa") is None
    assert networks(numbers, {MODEL: one, "half": two}, "conv1") is None
    again = asked(store, workspace, digits, MODEL, "half", measures=("length", "cka", "procrustes"))
    assert not geometry.has_work(again)
    assert geometry.has_work(asked(store, workspace, digits, MODEL, "half", measures=("rsa",)))


def test_many_layers_are_compared_over_minibatches(workspace, store, digits, monkeypatch):
    monkeypatch.setattr("analysis.pipelines.geometry_asking.MOST_PRODUCTS", 0)
    arguments = asked(store, workspace, digits)
    assert arguments["pairs"] in (["cka_minibatch"], ["cka"])  # the latter where there is a CUDA device
    done(store, workspace, digits, measures=("length", "cka_minibatch"), taps="all")
    found = asked(store, workspace, digits, measures=("length",), taps="all")["subjects"][0]
    numbers = store.geometry.numbers([found["pass_id"]])
    matrix = layers(numbers, found["pass_id"], "cka_minibatch")
    assert matrix.values.shape == (12, 12)
    assert matrix.rows[-2:] == ("flatten", "penultimate")
    features = {tap: np.load(feature_path(workspace / PASSES / found["pass_id"], tap)) for tap in ("relu1", "relu3")}
    place = [matrix.rows.index(tap) for tap in ("relu1", "relu3")]
    assert matrix.values[tuple(place)] == pytest.approx(similarity.cka(features["relu1"], features["relu3"]), abs=1e-6)


def test_the_same_features_are_measured_once(workspace, store, digits, measured):
    done(store, workspace, digits, measures=("length",), taps=["relu3", "avgpool", "flatten", "penultimate"])
    assert len(measured) == 3  # two are the same; the first is a map, and the head's input has a head
    numbers = store.geometry.numbers([p.pass_id for p in store.passes()], ["length"])
    assert [n.tap for n in numbers] == ["relu3", "avgpool", "flatten", "penultimate"]
    assert len({n.value for n in numbers}) == 1
    assert [n.place for n in numbers] == sorted(n.place for n in numbers)
    for n in numbers:
        assert set(store.geometry.arrays(n.pass_id, n.tap, "length")) == set(n.arrays)


def test_more_measures_and_taps_use_the_pass_that_is_there(workspace, store, digits, measured):
    first = done(store, workspace, digits, measures=("length",))
    again = asked(store, workspace, digits, measures=("length", "nc1"), taps=["relu2"])
    assert not again["subjects"][0]["run"]
    assert again["subjects"][0]["pass_id"] == first["subjects"][0]["pass_id"]
    run_here(store, workspace, "geometry", again)
    assert len(store.passes()) == 1
    other = asked(store, workspace, digits, measures=("length",), taps=["conv1", "relu2"])
    assert other["subjects"][0]["run"]
    assert len(measured) == 4


def test_a_pass_that_was_measured_goes_before_a_newer_one(workspace, store, digits):
    first = done(store, workspace, digits, measures=("length",))["subjects"][0]["pass_id"]
    opened = OpenDataset.open(workspace / DATASETS / digits)
    newer = predict.predict(
        catalogue.load(MODEL), opened, store, workspace, taps=["relu1", "relu2", "penultimate", "fc"]
    )
    assert geometry.record(store, MODEL, digits).pass_id == first
    assert geometry.record(store, MODEL, digits, taps=["fc"]).pass_id == newer.pass_id
    assert geometry.record(store, MODEL, digits, "fog/3") is None
    assert geometry.record(store, MODEL, digits, taps=["conv1"]) is None
    shutil.rmtree(workspace / PASSES / first)
    assert geometry.record(store, MODEL, digits).pass_id == newer.pass_id


def test_it_goes_on_where_it_was_cancelled(workspace, store, digits, measured):
    arguments = asked(store, workspace, digits, measures=FEW)

    def cancel(_, message):
        if "penultimate" in message:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        run_here(store, workspace, "geometry", arguments, cancel)
    assert store.passes() == []
    assert len(measured) == 2
    run_here(store, workspace, "geometry", arguments)
    assert len(measured) in (3, 4)  # the one beside it may have been stopped as well; the first is kept
    assert len({n.tap for n in store.geometry.numbers([p.pass_id for p in store.passes()])}) == 3


def test_a_pass_whose_features_went_is_run_again(workspace, store, digits):
    found = done(store, workspace, digits, measures=("length",))["subjects"][0]["pass_id"]
    feature_path(workspace / PASSES / found, "relu2").unlink()
    opened = OpenDataset.open(workspace / DATASETS / digits)
    with pytest.raises(DataError, match="relu2"):
        geometry.features_of(workspace, store.pass_record(found), "relu2", opened, None)
    again = asked(store, workspace, digits, measures=("length", "nc1"))
    assert again["subjects"][0]["run"]


def test_samples_without_labels_have_numbers_of_features_alone(workspace, store):
    found = dataset_in(workspace, store, 30, labelled=False).record.dataset_id
    done(store, workspace, found, "resnet20-cifar10", taps=["layer1", "penultimate"])
    numbers = store.geometry.numbers([p.pass_id for p in store.passes()])
    by_kind = {kind: [n for n in numbers if MEASURES[n.measure].kind == kind] for kind in ("features", "classes")}
    assert all(np.isfinite(n.value) or n.why for n in numbers)
    assert any(np.isfinite(n.value) for n in by_kind["features"])
    assert not any(np.isfinite(n.value) for n in by_kind["classes"] if n.measure.startswith("nc1"))


def test_a_condition_is_measured_by_itself(workspace, store, digits):
    clean = done(store, workspace, digits, measures=("length",), similarity=False)["subjects"][0]["pass_id"]
    noisy = done(store, workspace, digits, measures=("length",), similarity=False, condition="gaussian_noise/3")
    assert noisy["subjects"][0]["pass_id"] != clean
    values = {
        n.pass_id: n.value for n in store.geometry.numbers([p.pass_id for p in store.passes()]) if n.tap == "relu1"
    }
    assert len(set(values.values())) == 2


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({"models": []}, BadParameter, "one to 6"),
        ({"models": ["nothing-such"]}, UnknownName, "nothing-such"),
        ({"measures": ["roundness"]}, UnknownName, "roundness"),
        ({"taps": "most"}, BadParameter, "'main', 'all'"),
        ({"taps": ["conv9"]}, BadParameter, "conv9"),
        ({"taps": []}, NotApplicable, "nothing to measure"),
        ({"condition": "rain/9"}, (UnknownName, BadParameter), "rain"),
        ({"dataset_id": "no"}, UnknownName, "dataset"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(workspace, store, digits, given, error, match):
    with pytest.raises(error, match=match):
        geometry.asked(store, workspace, **{"models": [MODEL], "dataset_id": digits} | given)
    assert store.passes() == []


def test_too_little_room_is_said_before_anything_is_run(workspace, store, digits, monkeypatch):
    arguments = asked(store, workspace, digits)
    usage = shutil.disk_usage(workspace)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match="fewer layers"):
        run_here(store, workspace, "geometry", arguments)


def test_measures_can_be_taken_without_a_job(workspace, store, digits):
    done(store, workspace, digits, measures=("length",), similarity=False)
    opened, (record,) = OpenDataset.open(workspace / DATASETS / digits), store.passes()
    features = geometry.features_of(workspace, record, "relu2", opened, None)
    found = geometry.measure_tap(features, ["nc1", "cka"])
    assert [measure.name for _, measure, _ in found] == ["nc1"]  # of one set of features alone
    store.geometry.save(*geometry_measuring.kept(found, record.pass_id, "relu2", 5))
    assert store.geometry.numbers([record.pass_id], ["nc1"])[0].value == found[0][0].value


def test_the_worker_knows_the_kind():
    assert KINDS["geometry"].lane == "compute"


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_all_cross_products_on_one_device_give_the_same_cka(device):
    rng = np.random.default_rng(0)
    base = rng.normal(size=(5000, 40)).astype(np.float32)
    taps = {str(i): Features(base @ rng.normal(size=(40, 20 + i)).astype(np.float32)) for i in range(3)}
    taps["flat"] = Features(np.ones((5000, 3), np.float32))
    others = {tap: Features(f.values + rng.normal(size=f.values.shape)) for tap, f in taps.items()}
    for second in (None, others):
        pairs = [("0", "1"), ("0", "2"), ("2", "2"), ("flat", "0")]
        found = dict(zip(pairs, cka_at_once(taps, second, pairs, silent, device), strict=True))
        for a, b in pairs[:3]:
            expected = similarity.cka(taps[a].values, (second or taps)[b].values)
            assert found[a, b].value == pytest.approx(expected, abs=1e-9)
            assert found[a, b].samples == 5000
        assert "do not vary" in found["flat", "0"].why
    assert "4 samples" in cka_at_once({"a": Features(base[:3])}, None, [("a", "a")], silent, device)[0].why


def test_classes_matched_by_hand_make_another_pass(workspace, store, digits):
    first = done(store, workspace, digits, measures=("length",), similarity=False)["subjects"][0]
    store.save_class_map(digits, first["model_id"], {3: -1})
    arguments = asked(store, workspace, digits, measures=("length",), similarity=False)
    (subject,) = arguments["subjects"]
    assert subject["run"]
    run_here(store, workspace, "geometry", arguments)
    opened = OpenDataset.open(workspace / DATASETS / digits)
    features = geometry.features_of(workspace, store.pass_record(subject["pass_id"]), "relu2", opened, None)
    np.testing.assert_array_equal(features.labels, np.where(opened.labels == 3, -1, opened.labels))


def test_features_are_set_beside_the_images_that_they_are_of(workspace, store, digits):
    (subject,) = done(store, workspace, digits, measures=("data_dimension",), similarity=False)["subjects"]
    record, opened = store.pass_record(subject["pass_id"]), OpenDataset.open(workspace / DATASETS / digits)
    pixels = Features(opened.pixels(range(COUNT)).reshape(COUNT, -1).astype(np.float32))
    numbers = {n.tap: n for n in store.geometry.numbers([record.pass_id], ["data_dimension"])}
    assert list(numbers) == ["relu1", "relu2", "penultimate"]
    features = geometry.features_of(workspace, record, "relu2", opened, None)
    assert numbers["relu2"].value == pytest.approx(MEASURES["data_dimension"].function(pixels, features).value)
    assert numbers["relu2"].samples == COUNT
    kept = store.geometry.arrays(record.pass_id, "relu2", "data_dimension")
    assert numbers["relu2"].value == pytest.approx(kept["d_repr"][0] / kept["d_data"][0])
