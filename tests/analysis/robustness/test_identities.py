"""The identities of the geometry: on random heads, and broken on purpose."""

import numpy as np
import pytest

from analysis.passes.geometry import LinearHead, angles, geometry
from analysis.robustness import identities

CHANCE = np.random.default_rng(2)
HEADS = [(2, 3), (10, 16), (5, 64), (40, 8)]


def head(classes: int, size: int) -> tuple[np.ndarray, LinearHead]:
    return CHANCE.normal(size=(200, size)), LinearHead(CHANCE.normal(size=(classes, size)), CHANCE.normal(size=classes))


@pytest.mark.parametrize(("classes", "size"), HEADS)
def test_logits_are_rebuilt_from_lengths_and_angles(classes: int, size: int):
    x, linear = head(classes, size)
    length = np.linalg.norm(x, axis=1)
    found = identities.rebuilt(linear.logits(x), length, angles(x, linear.weight), linear.weight, linear.bias)
    assert found.hold
    assert found.samples == 200
    single = x.astype(np.float32) @ linear.weight.T.astype(np.float32) + linear.bias.astype(np.float32)
    given = (single, length, angles(x, linear.weight), linear.weight, linear.bias)
    assert identities.rebuilt(*given, allowed=identities.EXACT["float32"]).hold
    assert not identities.rebuilt(linear.logits(x) + 1e-6, *given[1:]).hold


def test_features_and_weights_that_are_all_zero_leave_the_bias():
    x, linear = head(4, 6)
    x[3] = 0
    linear.weight[2] = 0
    found = identities.rebuilt(
        linear.logits(x), np.linalg.norm(x, axis=1), angles(x, linear.weight), linear.weight, linear.bias
    )
    assert found.hold


@pytest.mark.parametrize(("classes", "size"), HEADS)
def test_the_sign_of_the_margin_is_correctness(classes: int, size: int):
    x, linear = head(classes, size)
    truth = CHANCE.integers(0, classes, 200)
    correct = (linear.logits(x).argmax(axis=1) == truth).astype(np.int8)
    margin = geometry(x, linear, truth).margin
    found = identities.signs(margin, correct)
    assert found.hold
    assert found.checked == 200
    broken = identities.signs(-margin, correct)
    assert broken.violations == 200
    assert broken.worst == pytest.approx(np.abs(margin).max())
    assert "disagree in 200" in str(broken)


def test_ties_and_the_unknown_are_set_aside():
    margin = np.array([0.0, np.nan, 1.0, -1.0, 2.0])
    found = identities.signs(margin, np.array([0, 1, 1, 0, -1], np.int8))
    assert (found.checked, found.ties, found.violations) == (3, 1, 0)
    assert "1 lie on a boundary" in str(found)
    assert "nothing was checked" in str(identities.signs(margin[1:2], np.array([1])))


@pytest.mark.parametrize(("classes", "size"), HEADS)
def test_moving_by_the_margin_flips_the_prediction(classes: int, size: int):
    x, linear = head(classes, size)
    margin = geometry(x, linear, linear.logits(x).argmax(axis=1)).margin
    found = identities.flips(x, linear.weight, linear.bias, margin)
    assert found.hold
    assert found.samples == 200
    assert not identities.flips(x, linear.weight, linear.bias, 0.9 * margin).hold
    assert not identities.flips(x, linear.weight, linear.bias, 1.1 * margin).hold


def test_one_class_has_no_boundary_to_cross():
    x, linear = head(1, 5)
    margin = geometry(x, linear, np.zeros(200, np.int64)).margin
    found = identities.flips(x, linear.weight, linear.bias, margin)
    assert found.samples == 0
    assert found.hold
