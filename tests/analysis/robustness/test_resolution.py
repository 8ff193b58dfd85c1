"""SAR and WAR by hand."""

import numpy as np
import pytest

from analysis.errors import BadParameter
from analysis.robustness.resolution import PUBLISHED_WEIGHTS, relative, relative_above_chance, sar, war


def test_by_hand():
    low, full, classes = np.array([0.4, 0.3]), np.array([0.8, 0.6]), np.array([10, 100])
    assert relative(low, full) == pytest.approx([0.5, 0.5])
    assert sar(low, full) == pytest.approx(0.5)
    expected = [0.5 * (1 - np.exp(-200 * 0.7**2)), 0.5 * (1 - np.exp(-200 * 0.59**2))]
    assert relative_above_chance(low, full, classes) == pytest.approx(expected)
    assert war(low, full, classes, np.array([3, 1])) == pytest.approx((3 * expected[0] + expected[1]) / 4)


def test_a_network_near_chance_is_not_robust():
    low, full = np.array([0.1]), np.array([0.11])
    assert relative(low, full) > 0.9
    assert relative_above_chance(low, full, 10) < 0.02
    assert relative_above_chance(np.array([0.1]), np.array([0.1]), 10) == 0


def test_weights_that_mean_nothing_are_refused():
    values = np.array([0.5, 0.5])
    for weights in ([0, 0], [1], [1, -1], [1, np.nan]):
        with pytest.raises(BadParameter, match="a weight of 0 or more for each of 2"):
            war(values, values, np.array([10, 10]), np.array(weights))
    assert max(PUBLISHED_WEIGHTS.values()) == PUBLISHED_WEIGHTS["EuroSAT"] == 1


def test_accuracy_zero_has_no_robustness():
    assert np.isnan(relative(np.array([0.0]), np.array([0.0]))).all()
