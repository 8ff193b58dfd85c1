"""Two maps beside each other: where one leans more, and how alike they are."""

import math

import numpy as np

from analysis.arrays import likeness, relative_difference, resized

MAP = np.array([[1.0, 2.0], [-4.0, 0.0]], np.float32)
OTHER = np.array([[10.0, 0.0], [0.0, 5.0]], np.float32)


def test_a_difference_is_of_proportions_by_hand() -> None:
    expected = np.array([[0.25 - 1.0, 0.5], [-1.0, -0.5]], np.float32)
    found = relative_difference(MAP, OTHER)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(relative_difference(OTHER, MAP), -expected, atol=1e-6)


def test_a_difference_does_not_know_magnitudes() -> None:
    np.testing.assert_allclose(relative_difference(1000 * MAP, OTHER), relative_difference(MAP, OTHER), atol=1e-6)
    assert not relative_difference(MAP, 8 * MAP).any()


def test_maps_of_two_sizes_meet_at_the_larger() -> None:
    large = np.arange(16, dtype=np.float32).reshape(4, 4)
    found = relative_difference(MAP, large)
    np.testing.assert_allclose(found, resized(MAP / 4, (4, 4)) - large / 15, atol=1e-6)
    assert relative_difference(large, MAP).shape == (4, 4)


def test_a_map_of_zeros_takes_nothing_away() -> None:
    np.testing.assert_allclose(relative_difference(MAP, np.zeros_like(MAP)), MAP / 4, atol=1e-6)


def test_likeness_is_the_correlation_of_numpy() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 7, 5)).astype(np.float32)
    expected = np.corrcoef(one.ravel().astype(np.float64), other.ravel().astype(np.float64))[0, 1]
    assert math.isclose(likeness(one, other), expected, rel_tol=1e-6)
    assert math.isclose(likeness(one, 3 * one + 1), 1.0, rel_tol=1e-6)
    assert math.isclose(likeness(one, -one), -1.0, rel_tol=1e-6)


def test_a_constant_map_is_like_nothing() -> None:
    assert math.isnan(likeness(np.ones((2, 2), np.float32), MAP))
