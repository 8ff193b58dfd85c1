"""One classifier's side: what explaining says, a target a picture, and the geometry of a pass."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from analysis.passes.geometry import LinearHead, geometry
from analysis.pipelines.explain import explain
from analysis.pipelines.side_by_side import Sight, look, positions
from analysis.types import Ask, Picture, Request
from models import catalogue
from models.classifier import Classifier
from models.preprocessing import SHAPES

REQUEST = Request((Ask("gradcam"),))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return catalogue.load("shapes-cnn")


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    rng = np.random.default_rng(1)
    drawn = [rng.integers(0, 256, (*sides, 3), np.uint8) for sides in ((64, 64), (80, 64), (64, 100))]
    return [Picture(f"{i:064x}", f"{i}.png", Image.fromarray(pixels)) for i, pixels in enumerate(drawn)]


def test_each_picture_has_its_own_target_in_the_order_given(classifier, pictures) -> None:
    sights = [Sight(pictures[0]), Sight(pictures[1], "solid star"), Sight(pictures[2])]
    found = look(classifier, sights, REQUEST)
    assert [f.explanation.image for f in found] == [p.digest for p in pictures]
    own = explain(classifier, [pictures[2]], REQUEST)[0]
    assert found[2].explanation.top[0].index == own.top[0].index
    np.testing.assert_allclose(found[2].explanation.maps[0].raw, own.maps[0].raw, atol=1e-5)
    assert found[1].explanation.maps[0].target == "solid star"


def test_places_are_those_of_a_pass_by_its_features(classifier, pictures) -> None:
    """The head's input is read by a hook of the test's own."""
    given: list[torch.Tensor] = []
    assert classifier.head is not None
    hook = classifier.module.get_submodule(classifier.head.name).register_forward_pre_hook(
        lambda module, inputs: given.append(inputs[0])
    )
    with torch.no_grad():
        logits = classifier.module(classifier.preprocessing.tensor([p.pixels for p in pictures]))
    hook.remove()
    bias = classifier.head.bias
    assert bias is not None
    head = LinearHead(classifier.head.weight.double().numpy(), bias.double().numpy())
    classes = np.array([4, int(logits[1].argmax()), 0])
    expected = geometry(given[0].numpy(), head, classes)
    sights = [Sight(pictures[0], against=4), Sight(pictures[1]), Sight(pictures[2], against=0)]
    places = [f.place for f in look(classifier, sights, REQUEST)]
    assert [p.against for p in places if p] == classes.tolist()
    for name in ("angle", "length", "margin"):
        assert [getattr(p, name) for p in places] == pytest.approx(getattr(expected, name).tolist(), rel=1e-4, abs=1e-5)


def test_a_head_that_is_not_one_linear_map_has_no_places(pictures) -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=4), nn.ReLU(), nn.Conv2d(4, 5, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    ).eval()
    other = catalogue.wrap(network, preprocessing=SHAPES)
    assert other.head is None
    assert positions(other, pictures, [0, 0, 0]) == []
    found = look(other, [Sight(p) for p in pictures], REQUEST)
    assert [f.place for f in found] == [None] * 3
    assert all(f.explanation.top for f in found)


def test_progress_runs_from_start_to_end_over_all_targets(classifier, pictures) -> None:
    told: list[float] = []
    sights = [Sight(pictures[0]), Sight(pictures[1], "1"), Sight(pictures[2], "2")]
    look(classifier, sights, REQUEST, report=lambda fraction, _: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0
