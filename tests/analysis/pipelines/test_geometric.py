"""Maps of a sample of a sweep: on the very images that the networks saw, with the numbers of a pass over them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.attribution.geometric import geometric_maps
from analysis.datasets.opened import OpenDataset
from analysis.errors import NotApplicable
from analysis.passes.forward import PENULTIMATE, Forward
from analysis.passes.geometry import LinearHead, geometry
from analysis.pipelines.geometric import look
from analysis.pipelines.sweep_seen import seen, unseen
from analysis.robustness.applying import corrupted
from analysis.sweeps import Member, SweepCondition, SweepRecord
from models import catalogue
from models.classifier import Classifier
from tests.app.filled import fill

CONDITIONS = (
    SweepCondition(),
    SweepCondition("fog", 3),
    SweepCondition("gaussian_noise", 5),
    SweepCondition("background_removed", 5),
    SweepCondition("fgsm", 5),
    SweepCondition("no_such_thing", 1),
)
CLEAN, FOG, NOISE, EDIT, ATTACK, UNKNOWN = range(6)


@pytest.fixture
def images(workspace: Path) -> OpenDataset:
    record, _, _ = fill(workspace)
    return OpenDataset.open(workspace / "datasets" / record.dataset_id)


def sweep(images: OpenDataset) -> SweepRecord:
    return SweepRecord(
        sweep_id="s",
        name="s",
        dataset_id=images.record.dataset_id,
        dataset_name="animals",
        class_names=tuple(map(str, range(10))),
        members=(Member("digits-cnn", "m"),),
        conditions=CONDITIONS,
        samples=60,
        reference="digits-cnn",
        table="cifar",
        image_size=(8, 8),
        seed=7,
    )


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return catalogue.load("digits-cnn")


def test_the_clean_images_are_those_that_are_stored(images) -> None:
    np.testing.assert_array_equal(seen(images, [3, 1], sweep(images), CLEAN), images.pixels([3, 1]))


def test_altered_images_have_the_sweeps_seed_and_their_own_place(images) -> None:
    stored = images.pixels([5, 9])
    assert stored is not None
    expected = corrupted(stored.copy(), np.array([5, 9]), "gaussian_noise", 5, seed=7)
    found = seen(images, [5, 9], sweep(images), NOISE)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(seen(images, [9], sweep(images), NOISE)[0], found[1])
    assert not np.array_equal(found, stored)


def test_an_edit_leaves_the_object_as_it_is(images) -> None:
    found, stored = seen(images, [0], sweep(images), EDIT), images.pixels([0])
    assert stored is not None
    assert np.abs(found[0, 3:5, 3:5].astype(int) - stored[0, 3:5, 3:5]).max() <= 1
    assert not np.array_equal(found[0, 0], stored[0, 0])


def test_what_cannot_be_shown_says_why(images) -> None:
    assert unseen(CONDITIONS[CLEAN]) == unseen(CONDITIONS[FOG]) == ""
    for condition, word in ((ATTACK, "each network"), (UNKNOWN, "no_such_thing")):
        with pytest.raises(NotApplicable, match=word):
            seen(images, [0], sweep(images), condition)


@pytest.mark.parametrize("condition", [CLEAN, FOG])
def test_the_numbers_are_those_of_a_pass(images, classifier: Classifier, condition: int) -> None:
    found = look(classifier, images, sweep(images), condition, 4, against=2)
    pixels = torch.from_numpy(found.pixels[None].copy())
    said = Forward(classifier, (PENULTIMATE,), autocast=False)(pixels)
    assert classifier.head is not None
    weight = classifier.head.weight.double().numpy()
    bias = np.zeros(10) if classifier.head.bias is None else classifier.head.bias.double().numpy()
    expected = geometry(said.features[PENULTIMATE].numpy(), LinearHead(weight, bias), np.array([2]))
    for name in ("angle", "length", "margin"):
        np.testing.assert_allclose(found.found.numbers[name], getattr(expected, name), rtol=1e-4, err_msg=name)
    assert found.prediction == int(said.logits.argmax())
    assert found.confidence == pytest.approx(float(said.logits.softmax(1).max()), rel=1e-5)


def test_without_a_label_it_is_measured_against_what_is_predicted(images, classifier: Classifier) -> None:
    found = look(classifier, images, sweep(images), CLEAN, 4, ways=["gradient"])
    assert found.against == found.prediction
    assert found.found.numbers["margin"][0] >= 0


def test_an_attack_is_made_against_this_network_and_turns_it_from_the_class(images, classifier: Classifier) -> None:
    record = sweep(images)
    before = look(classifier, images, record, CLEAN, 4, ways=["gradient"])
    after = look(classifier, images, record, ATTACK, 4, against=before.against, ways=["gradient"])
    assert after.found.numbers["logit"][0] < before.found.numbers["logit"][0]
    assert 0 < np.abs(after.pixels.astype(int) - before.pixels).max() < 64


def test_the_maps_are_of_the_image_that_was_shown(images, classifier: Classifier) -> None:
    found = look(classifier, images, sweep(images), NOISE, 2, against=1, patch=0.5, stride=0.25)
    shown = classifier.preprocessing
    mean, std = torch.tensor(shown.mean), torch.tensor(shown.std)
    given = ((torch.from_numpy(found.pixels.copy()).float() / 255 - mean) / std).permute(2, 0, 1)[None]
    expected = geometric_maps(classifier, given, [1], patch=0.5, stride=0.25)
    for way, maps in expected.maps.items():
        for number, values in maps.items():
            np.testing.assert_allclose(found.found.maps[way][number], values, rtol=1e-3, atol=1e-5)
