"""The identities hold for networks that come with Cutaway: dense, pruned, tickets on random weights, a transformer."""

import numpy as np
import pytest
import torch

from analysis.passes.forward import PENULTIMATE, Forward
from analysis.passes.geometry import angles, geometry
from analysis.passes.one import linear_head
from analysis.robustness import identities
from models import catalogue

MODELS = (
    *("digits-cnn", "shapes-cnn", "shapes-cnn-random-95", "shapes-cnn-edge-popup-50", "shapes-vit"),
    *("resnet20-cifar10", "resnet20-cifar10-biprop-50", "resnet20-cifar10-structured-50", "resnet20-cifar10-lrr-95"),
)


@pytest.mark.parametrize("name", MODELS)
def test_bundled_networks(name: str) -> None:
    classifier = catalogue.load(name)
    chance = np.random.default_rng(0)
    (rows, columns), channels = classifier.preprocessing.size, len(classifier.preprocessing.mean)
    pixels = torch.from_numpy(chance.integers(0, 256, (64, rows, columns, channels), dtype=np.uint8))
    found = Forward(classifier, (), autocast=False)(pixels)
    head = linear_head(classifier)
    assert head is not None
    x, logits = found.features[PENULTIMATE].double().numpy(), found.logits.numpy()
    length, every = np.linalg.norm(x, axis=1), angles(x, head.weight)
    exact = identities.rebuilt(head.logits(x), length, every, head.weight, head.bias)
    assert exact.hold, exact
    single = identities.rebuilt(logits, length, every, head.weight, head.bias, identities.EXACT["float32"])
    assert single.hold, single
    truth = chance.integers(0, len(classifier.class_names), 64)
    correct = (head.logits(x).argmax(axis=1) == truth).astype(np.int8)
    assert identities.signs(geometry(x, head, truth).margin, correct).hold
    own = geometry(x, head, head.logits(x).argmax(axis=1)).margin
    flips = identities.flips(x, head.weight, head.bias, own)
    assert flips.hold, flips
    assert flips.samples == 64
