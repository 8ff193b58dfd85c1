"""Sparsity: zeros counted one by one, of features and of raw activations in batches."""

import numpy as np
import pytest

from analysis.geometry import MEASURES
from analysis.geometry.features import Features
from analysis.geometry.sparsity import ActivationSparsity


def activations(seed: int = 0, count: int = 30) -> np.ndarray:
    """ReLU of chance, one channel silent."""
    found = np.maximum(np.random.default_rng(seed).normal(size=(count, 6, 5, 4)), 0).astype(np.float32)
    found[:, 2] = 0
    return found


def test_share_of_zeros():
    values = activations()[:, :, 0, 0]
    found = MEASURES["sparsity"].function(Features(values))
    assert found.value == pytest.approx(np.mean(values == 0))
    np.testing.assert_allclose(found.arrays["samples"], [np.mean(row == 0) for row in values])
    np.testing.assert_allclose(found.arrays["per_feature"], [np.mean(column == 0) for column in values.T])
    assert found.caveats == ("1 of 6 features are 0 for every sample.",)
    assert found.low < found.value < found.high


def test_half_of_chance_is_zero_behind_a_relu():
    values = np.maximum(np.random.default_rng(1).normal(size=(4000, 50)), 0)
    assert MEASURES["sparsity"].function(Features(values)).value == pytest.approx(0.5, abs=0.01)


def test_near_zeros_are_beside_the_samples_own_size():
    values = np.array([[0, 0.05, -0.05, 1, 1], [0, 5, -5, 100, 100], [0, 0, 0, 0, 0]])
    found = MEASURES["sparsity_near"].function(Features(values), near=0.1)
    np.testing.assert_allclose(found.arrays["samples"], [0.6, 0.6, 1])
    assert MEASURES["sparsity_near"].function(Features(values), near=0.0).value == pytest.approx((0.2 + 0.2 + 1) / 3)


def test_features_that_carry_a_sample():
    values = np.random.default_rng(2).normal(size=(20, 9))
    expected = []
    for row in values:
        held, k = 0.0, 0
        for square in sorted(row**2, reverse=True):
            held, k = held + square, k + 1
            if held >= 0.8 * np.sum(row**2):
                break
        expected.append(k / 9)
    found = MEASURES["sparsity_energy"].function(Features(values), energy=0.8)
    np.testing.assert_allclose(found.arrays["samples"], expected)
    assert MEASURES["sparsity_energy"].function(Features(np.eye(7))).value == pytest.approx(1 / 7)


def test_raw_activations_in_batches_are_as_all_at_once():
    values = activations()
    batches, whole = ActivationSparsity(), ActivationSparsity()
    for some in np.split(values, [7, 7, 20]):  # an empty one among them
        batches.add(some)
    whole.add(values)
    one, two = batches.found(), whole.found()
    assert one.value == pytest.approx(np.mean(values == 0))
    assert two.samples == one.samples == 30
    for name in ("samples", "near", "per_feature"):
        np.testing.assert_allclose(one.arrays[name], two.arrays[name])
    np.testing.assert_allclose(one.arrays["per_feature"], (values == 0).mean(axis=(0, 2, 3)))
    assert one.caveats == ("1 of 6 features are 0 for every sample.",)


def test_no_activations():
    found = ActivationSparsity().found()
    assert np.isnan(found.value)
    assert found.why == "not defined here because no activations were seen"


def test_activations_without_a_map_are_features():
    values = activations()[:, :, 0, 0]
    raw = ActivationSparsity()
    raw.add(values)
    assert raw.found().value == pytest.approx(MEASURES["sparsity"].function(Features(values)).value)
