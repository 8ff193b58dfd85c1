"""Sparsity: zeros counted one by one, of features and of the maps that they were pooled from."""

import numpy as np
import pytest

from analysis.errors import BadParameter
from analysis.geometry import MEASURES
from analysis.geometry.features import Features
from analysis.geometry.sparsity import MapZeros

SPARSITY = MEASURES["sparsity"].function


def activations(seed: int = 0, count: int = 30) -> np.ndarray:
    """ReLU of chance, one channel silent."""
    found = np.maximum(np.random.default_rng(seed).normal(size=(count, 6, 5, 4)), 0).astype(np.float32)
    found[:, 2] = 0
    return found


def test_share_of_zeros():
    values = activations()[:, :, 0, 0]
    found = SPARSITY(Features(values))
    assert found.value == pytest.approx(np.mean(values == 0))
    np.testing.assert_allclose(found.arrays["samples"], [np.mean(row == 0) for row in values])
    np.testing.assert_allclose(found.arrays["per_feature"], [np.mean(column == 0) for column in values.T])
    assert found.caveats == ("1 of 6 features are 0 for every sample.",)
    assert found.low < found.value < found.high


def test_half_of_chance_is_zero_behind_a_relu():
    values = np.maximum(np.random.default_rng(1).normal(size=(4000, 50)), 0)
    assert SPARSITY(Features(values)).value == pytest.approx(0.5, abs=0.01)


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


def counted(maps: np.ndarray) -> MapZeros:
    return MapZeros((maps == 0).mean(axis=(1, 2, 3)), (maps == 0).mean(axis=(0, 2, 3)))


def test_share_of_zeros_of_maps_that_were_counted():
    maps = activations()
    pooled = maps.mean(axis=(2, 3))
    found = SPARSITY(Features(pooled, pooled=True, map_zeros=counted(maps)))
    assert found.value == pytest.approx(np.mean(maps == 0))
    assert found.value > 0.5
    assert found.samples == 30
    assert found.low < found.value < found.high
    np.testing.assert_allclose(found.arrays["samples"], [np.mean(one == 0) for one in maps])
    np.testing.assert_allclose(found.arrays["per_feature"], [np.mean(maps[:, c] == 0) for c in range(6)])
    assert found.caveats == ("1 of 6 features are 0 for every sample.",)


def test_where_nobody_counted_it_is_of_the_pooled_features_and_says_so():
    pooled = activations().mean(axis=(2, 3))
    found = SPARSITY(Features(pooled, pooled=True))
    assert found.value == pytest.approx(1 / 6), "a map is hardly ever 0 everywhere but where it is silent"
    assert found.caveats[0] == "1 of 6 features are 0 for every sample."
    assert found.caveats[1].startswith("Of features pooled over positions")
    assert len(SPARSITY(Features(pooled)).caveats) == 1, "nobody says that they are pooled"


def test_samples_left_out_are_left_out_of_the_maps_too():
    maps = activations()
    pooled = maps.mean(axis=(2, 3))
    pooled[4, 1] = np.nan
    found = SPARSITY(Features(pooled, pooled=True, map_zeros=counted(maps)))
    assert found.samples == 29
    assert found.value == pytest.approx(np.mean(np.delete(maps, 4, axis=0) == 0))


def test_zeros_of_other_maps_are_refused():
    for other in (activations(count=29), activations()[:, :5]):
        with pytest.raises(BadParameter, match="are not those of features"):
            Features(activations()[:, :, 0, 0], map_zeros=counted(other))


@pytest.mark.parametrize(("values", "value"), [(np.ones((30, 4)), 0.0), (np.zeros((30, 4)), 1.0)])
def test_where_all_or_nothing_is_zero_the_interval_has_a_width(values, value):
    found = SPARSITY(Features(values))
    assert found.value == value
    assert 0.05 < found.high - found.low < 0.2
