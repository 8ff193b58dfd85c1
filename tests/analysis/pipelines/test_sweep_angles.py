"""Angles to all classes: against the definition on clean images, against the sweep's own under every condition."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.datasets.opened import OpenDataset
from analysis.errors import Cancelled, NotApplicable
from analysis.pipelines import sweep as sweeps
from analysis.pipelines import sweep_angles
from analysis.pipelines.work import run_here
from analysis.store import Store
from analysis.sweeps import SweepCondition, SweepRecord
from models import catalogue
from tests import sweeps as made_up
from tests.analysis.pipelines.sweep_specimens import dataset, digits

NAME = "digits-cnn"


@pytest.fixture
def store(workspace: Path) -> Iterator[Store]:
    with Store.open(workspace) as opened:
        yield opened


@pytest.fixture
def swept(workspace: Path, store: Store) -> SweepRecord:
    data = dataset(workspace, store=store)
    given = {"corruptions": ("gaussian_noise", "fog"), "severities": (2, 5), "limit": 60, "seed": 4}
    arguments = sweeps.asked(store, workspace, models=(NAME,), dataset=data, **given)
    run_here(store, workspace, "sweep", arguments)
    found = store.sweeps.one(arguments["sweep_id"])
    assert found is not None
    return found


def test_on_clean_images_they_are_what_the_definition_says(workspace, store, swept) -> None:
    classifier, opened = catalogue.load(NAME), OpenDataset.open(workspace / "datasets" / swept.dataset_id)
    samples, _ = store.sweeps.truth(swept.sweep_id)
    found = sweep_angles.angles(classifier, opened, swept, swept.conditions[0], samples)
    images = [Image.fromarray(i[..., 0]) for i in digits()[0][samples]]
    assert classifier.head is not None
    seen: list[torch.Tensor] = []
    module = classifier.module.get_submodule(classifier.head.name)
    handle = module.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        classifier.module(classifier.preprocessing.tensor(images))
    handle.remove()
    x, w = seen[0].double().numpy(), classifier.head.weight.double().numpy()
    cosine = (x / np.linalg.norm(x, axis=1, keepdims=True)) @ (w / np.linalg.norm(w, axis=1, keepdims=True)).T
    assert found.shape == (60, 10)
    assert found.dtype == np.float32
    assert np.allclose(found, np.arccos(cosine), atol=1e-5)


def test_under_every_condition_the_true_class_has_the_angle_that_the_sweep_has(workspace, store, swept) -> None:
    classifier, opened = catalogue.load(NAME), OpenDataset.open(workspace / "datasets" / swept.dataset_id)
    samples, truth = store.sweeps.truth(swept.sweep_id)
    for place, condition in enumerate(swept.conditions):
        found = sweep_angles.angles(classifier, opened, swept, condition, samples)
        (own,) = store.sweeps.values(swept.sweep_id, ["angle"], members=[0], conditions=[place])["angle"][0]
        assert sweep_angles.disagreement(found, truth, own) < 1e-5, condition.name
    other = sweep_angles.angles(classifier, opened, replace(swept, seed=5), swept.conditions[1], samples)
    assert sweep_angles.disagreement(other, truth, own) > sweep_angles.AGREES  # another draw is another image


def test_a_batch_changes_nothing(workspace, store, swept, monkeypatch) -> None:
    classifier, opened = catalogue.load(NAME), OpenDataset.open(workspace / "datasets" / swept.dataset_id)
    samples, _ = store.sweeps.truth(swept.sweep_id)
    given = classifier, opened, swept, swept.conditions[1], samples
    whole = sweep_angles.angles(*given)
    monkeypatch.setattr(sweep_angles, "BATCH", 7)
    assert np.allclose(whole, sweep_angles.angles(*given), atol=1e-5)


def test_it_can_be_stopped(workspace, store, swept) -> None:
    def stop(fraction: float, message: str) -> None:
        raise Cancelled(message)

    classifier, opened = catalogue.load(NAME), OpenDataset.open(workspace / "datasets" / swept.dataset_id)
    samples, _ = store.sweeps.truth(swept.sweep_id)
    with pytest.raises(Cancelled):
        sweep_angles.angles(classifier, opened, swept, swept.conditions[0], samples, report=stop)


def test_what_has_none_says_so(workspace, store, swept) -> None:
    record = made_up.record(2)
    member, clean = record.members[1], record.conditions[0]
    assert sweep_angles.refused(record, member, clean) == ""
    assert "not one linear map" in sweep_angles.refused(record, replace(member, linear_head=False), clean)
    assert "deck" in sweep_angles.refused(record, replace(member, kind="deck"), clean)
    attack = SweepCondition("fgsm", 2)
    assert "Attacked" in sweep_angles.refused(record, member, attack)
    opened = OpenDataset.open(workspace / "datasets" / swept.dataset_id)
    with pytest.raises(NotApplicable):
        sweep_angles.angles(catalogue.load(NAME), opened, swept, attack, np.arange(3))


def test_a_key_is_one_for_one_thing() -> None:
    record = made_up.record(3)
    member, condition, samples = record.members[0], record.conditions[4], np.arange(20)
    own = sweep_angles.key(record, member, condition, samples)
    assert own == sweep_angles.key(replace(record, name="renamed", sweep_id="x"), member, condition, samples)
    others = [
        sweep_angles.key(record, record.members[1], condition, samples),
        sweep_angles.key(record, member, record.conditions[5], samples),
        sweep_angles.key(record, member, condition, samples[:-1]),
        sweep_angles.key(replace(record, seed=1), member, condition, samples),
        sweep_angles.key(replace(record, dataset_id="e" * 64), member, condition, samples),
        sweep_angles.key(replace(record, params={"stored": "f"}), member, condition, samples),
    ]
    assert len({own, *others}) == 7


def test_what_is_kept_comes_back_and_the_oldest_goes(tmp_path, monkeypatch) -> None:
    values = np.random.default_rng(0).random((30, 4)).astype(np.float32)
    monkeypatch.setattr(sweep_angles, "KEPT_BYTES", 2 * (values.nbytes + 128) + 10)
    for age, name in enumerate(("first", "second", "third")):
        sweep_angles.keep(tmp_path, name, values)
        path = tmp_path / sweep_angles.FOLDER / f"{name}.npy"
        os.utime(path, (1_000 + age, 1_000 + age))
    assert sweep_angles.kept(tmp_path, "first") is None
    assert np.array_equal(sweep_angles.kept(tmp_path, "third"), values)
    assert sweep_angles.kept(tmp_path, "second") is not None


def test_a_damaged_file_is_as_if_it_were_not_there(tmp_path) -> None:
    sweep_angles.keep(tmp_path, "one", np.zeros((2, 2), np.float32))
    (tmp_path / sweep_angles.FOLDER / "one.npy").write_bytes(b"\x93NUMPY nonsense")
    assert sweep_angles.kept(tmp_path, "one") is None


def test_disagreement_leaves_out_what_is_unknown() -> None:
    found = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], np.float32)
    assert sweep_angles.disagreement(found, np.array([1, -1, 0]), np.array([0.2, 9.0, 0.7])) == pytest.approx(0.1)
    assert np.isnan(sweep_angles.disagreement(found, np.array([-1, -1, -1]), np.zeros(3)))
