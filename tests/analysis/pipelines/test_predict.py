"""Passes through the store, and public weights on public data: the accuracies that are stated of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.datasets.importing import import_dataset
from analysis.datasets.layout import SAMPLES
from analysis.datasets.opened import OpenDataset
from analysis.errors import BadParameter, Cancelled
from analysis.passes import parts
from analysis.pipelines import work
from analysis.pipelines.predict import compute, finish, matched, predict, record_from_json, record_to_json
from analysis.records import Filter, PassRecord
from analysis.store import Store
from analysis.types import silent
from models import catalogue
from models.classifier import Classifier
from models.errors import UnknownName

NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DIGITS = tuple(str(i) for i in range(10))


@pytest.fixture
def store(workspace: Path) -> Iterator[Store]:
    with Store.open(workspace) as opened:
        yield opened


@pytest.fixture(scope="module")
def bundled() -> Classifier:
    return catalogue.load("resnet20-cifar10")


def dataset_in(workspace: Path, source: Path, store: Store | None = None, **options) -> OpenDataset:
    folder = workspace / "datasets"
    record = import_dataset(source, folder, source.stem, **options)
    if store is not None:
        store.save_dataset(record, folder / record.dataset_id / SAMPLES)
    return OpenDataset.open(folder / record.dataset_id)


@pytest.fixture
def dataset(workspace: Path, tmp_path: Path, store: Store) -> OpenDataset:
    """Images of two colours; the last class is none of the classifier's."""
    labels = np.arange(120) % 3
    pixels = np.random.default_rng(0).integers(0, 60, (120, 32, 32, 3)) + 60 * labels[:, None, None, None]
    np.savez(tmp_path / "small.npz", x=pixels.astype(np.uint8), y=labels)
    return dataset_in(workspace, tmp_path / "small.npz", store, class_names=("cat", "Ship", "unicorn"))


def test_a_pass_is_computed_kept_and_read_back(workspace, store, dataset, bundled, monkeypatch):
    record = predict(bundled, dataset, store, workspace, taps=("penultimate", "logits"))
    assert record.class_map == (3, 8, -1)
    assert (record.samples, record.taps, record.linear_head) == (120, ("penultimate", "logits"), True)
    assert any("unicorn" in r and "1 of the dataset's 3 classes" in r for r in record.remarks)
    assert store.pass_record(record.pass_id) == record
    rows = store.samples(Filter(record.dataset_id, pass_id=record.pass_id), limit=200)
    known = [r for r in rows if r.label != 2]
    assert (len(rows), len(known)) == (120, 80)
    assert record.accuracy == pytest.approx(np.mean([r.correct for r in known]))
    assert all(r.correct is None and r.loss is None and r.margin >= 0 for r in rows if r.label == 2)
    assert all((r.margin > 0) == r.correct for r in known)
    assert [m.model_id if hasattr(m, "model_id") else m for m in store.passes()] == [record.model_id]
    monkeypatch.setattr(torch.nn.Module, "__call__", None)
    assert predict(bundled, dataset, store, workspace, taps=("penultimate", "logits")) == record


def test_what_is_asked_decides_the_pass(workspace, store, dataset, bundled):
    first = predict(bundled, dataset, store, workspace)
    others = [
        predict(bundled, dataset, store, workspace, taps=("logits",)),
        predict(bundled, dataset, store, workspace, autocast=True),
        predict(bundled, dataset, store, workspace, class_map={2: 0}),
    ]
    assert len({r.pass_id for r in (first, *others)}) == 4
    assert others[2].class_map == (3, 8, 0)
    assert predict(bundled, dataset, None, workspace, batch=16).pass_id == first.pass_id
    store.save_class_map(first.dataset_id, bundled.fingerprint, {2: 0})
    assert predict(bundled, dataset, store, workspace).pass_id == others[2].pass_id


def test_the_job_computes_without_a_store_and_finishes_with_it(workspace, store, dataset):
    asked = {"model": "resnet20-cifar10", "dataset": dataset.record.dataset_id, "taps": ["auto"], "autocast": False}
    asked |= {"class_map": {"2": 1}}
    result = compute({**asked, "workspace": str(workspace)}, silent)
    result = json.loads(json.dumps(result))
    assert store.passes() == []
    done = finish(store, workspace, asked, result)
    assert [m.model_id for m in store.models()] == [result["record"]["model_id"]]
    record = store.pass_record(done["pass_id"])
    assert record is not None
    assert (record.class_map, record.taps) == ((3, 8, 1), ("layer3",))
    assert done == {"pass_id": record.pass_id, "accuracy": record.accuracy, "samples": 120}
    assert store.class_map(record.dataset_id, record.model_id) == {2: 1}
    features = np.load(workspace / "passes" / record.pass_id / "features-layer3.npy", mmap_mode="r")
    assert features.shape == (120, 64)
    again = compute({**asked, "workspace": str(workspace)}, silent)
    assert (again["record"]["seconds"], again["parts"]) == (result["record"]["seconds"], 1)


def test_as_the_command_line_runs_it(workspace, store, dataset):
    asked = {"model": "resnet20-cifar10", "dataset": dataset.record.dataset_id, "taps": [], "class_map": None}
    said: list[float] = []
    done = work.run_here(store, workspace, "predict", asked, lambda fraction, message: said.append(fraction))
    assert store.pass_record(done["pass_id"]) is not None
    assert said == sorted(said)
    with pytest.raises(UnknownName, match="resnet20-cifar10"):
        work.run_here(store, workspace, "predict", {**asked, "model": "resnet20-cifar"})


def test_a_cancelled_job_goes_on_where_it_was(workspace, dataset, monkeypatch):
    monkeypatch.setattr(parts, "PART", 32)
    asked = {"model": "resnet20-cifar10", "dataset": dataset.record.dataset_id, "workspace": str(workspace)}

    def stop(fraction, message):
        if fraction > 0.5:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        compute(asked, stop)
    (folder,) = (workspace / "passes").iterdir()
    kept = {p: p.stat().st_mtime_ns for p in folder.glob("part-*.parquet")}
    assert 1 <= len(kept) < 4
    result = compute(asked, silent)
    assert result["parts"] == 4
    assert {p: p.stat().st_mtime_ns for p in kept} == kept


def test_classes_by_hand_go_before_names_and_must_exist(workspace, dataset):
    assert matched(("cat", "dog", "x"), NAMES, {0: 5, 2: 9, 1: -1}) == (5, -1, 9)
    assert matched((), NAMES, {}) == ()
    for wrong in ({3: 0}, {0: 10}, {0: -2}):
        with pytest.raises(BadParameter, match="cannot go with class"):
            matched(("cat", "dog", "x"), NAMES, wrong)
    asked = {"model": "resnet20-cifar10", "dataset": dataset.record.dataset_id, "workspace": str(workspace)}
    with pytest.raises(BadParameter, match="in indices"):
        compute({**asked, "class_map": {"cat": "dog"}}, silent)


def test_a_record_survives_json(workspace, dataset, bundled):
    record = predict(bundled, dataset, None, workspace)
    assert isinstance(record, PassRecord)
    assert record_from_json(json.loads(json.dumps(record_to_json(record)))) == record


# ------------------------------------------------------------------------------------------ public weights and data


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "expected"), [(20, 0.915), (32, 0.928)])
def test_public_cifar_resnets_on_the_lossless_images(shared, workspace, depth, expected):
    images = dataset_in(workspace, shared / "cifar10_test_first1000_lossless.npz", class_names=NAMES)
    found = catalogue.from_file(shared / f"resnet{depth}_cifar10.th", f"resnet{depth}_cifar", NAMES)
    record = predict(found, images, None, workspace)
    assert record.class_map == tuple(range(10))
    assert record.accuracy == pytest.approx(expected, abs=1e-9)


@pytest.mark.slow
def test_public_lenet_on_mnist(shared, workspace):
    images = dataset_in(workspace, shared / "mnist_test.npz", class_names=DIGITS)
    found = catalogue.from_file(shared / "mnist_lenet5_clntrained.pt", "lenet5_mnist", DIGITS)
    record = predict(found, images, None, workspace)
    assert record.samples == 10_000
    assert record.accuracy == pytest.approx(0.9889, abs=1e-4)


@pytest.mark.slow
def test_public_squeezenet_on_a_hundred_photographs(shared, workspace, store):
    """Its head is a convolution: everything but the geometry is there. The classes go by their WordNet ids."""
    images = dataset_in(workspace, shared / "imagenet-samples-100.zip", store)
    file, classes = shared / "squeezenet1_0_deepcompression_torchvision.pth", shared / "imagenet-classes.json"
    found = catalogue.from_file(file, "squeezenet1_0", classes)
    record = predict(found, images, store, workspace)
    rows = store.samples(Filter(record.dataset_id, pass_id=record.pass_id), limit=100)
    assert min(record.class_map) >= 0
    assert sum(bool(r.correct) for r in rows) == 58
    assert sum(record.class_map[r.label] in r.top_classes for r in rows) == 85
    assert all(r.angle is r.length is r.margin is None for r in rows)
    assert (record.linear_head, record.accuracy) == (False, 0.58)
    assert any("sRGB" in remark for remark in record.remarks)


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "expected"), [(20, 0.810), (32, 0.826)])
def test_public_cifar_resnets_on_the_jpeg_rendition(shared, workspace, depth, expected):
    images = dataset_in(workspace, shared / "cifar10-test.zip")
    found = catalogue.from_file(shared / f"resnet{depth}_cifar10.th", f"resnet{depth}_cifar", NAMES)
    assert predict(found, images, None, workspace).accuracy == pytest.approx(expected, abs=1e-3)
