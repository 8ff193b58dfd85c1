"""Curves over depth: of features that collapse from tap to tap, and of those that do not."""

import numpy as np
import pytest

from analysis.geometry import MEASURES
from analysis.geometry.depth import COLLAPSE, curve, over_depth
from analysis.geometry.features import Features
from analysis.geometry.registry import Measured, undefined


def taps(spreads: list[float]) -> dict[str, Features]:
    random = np.random.default_rng(0)
    labels = np.arange(400) % 4
    means = random.normal(size=(4, 8))
    return {
        f"layer{i}": Features(means[labels] + spread * random.normal(size=(400, 8)), labels, predictions=labels)
        for i, spread in enumerate(spreads)
    }


def test_collapse_over_depth():
    """Falls towards the head where spread does, and is flat where it does not."""
    chosen = [MEASURES[name] for name in COLLAPSE]
    falling = over_depth(taps([3, 2, 1, 0.5, 0.1]), chosen)
    assert list(falling) == list(COLLAPSE)
    assert falling["nc1"].trend == pytest.approx(-1)
    assert falling["collapse_distance"].trend == pytest.approx(-1)
    assert falling["nearest_mean_accuracy"].trend > 0.8
    assert falling["nc1"].fold < 0.01
    assert falling["nc1"].taps == ("layer0", "layer1", "layer2", "layer3", "layer4")
    np.testing.assert_array_equal(falling["nc1"].samples, 400)
    flat = over_depth(taps([1, 1, 1, 1, 1]), chosen)
    assert 0.7 < flat["nc1"].fold < 1.4


def test_curves_skip_what_is_not_defined():
    found = [Measured(3.0, 9), undefined("one class"), Measured(2.0, 9), Measured(0.5, 8, 0.4, 0.6, "how")]
    drawn = curve("nc1", ["a", "b", "c", "d"], found)
    assert drawn.trend == pytest.approx(-1)
    assert drawn.steepest == ("c", "d")
    assert drawn.fold == pytest.approx(1 / 6)
    assert drawn.whys[1] == "not defined here because one class"
    assert (drawn.lows[3], drawn.highs[3]) == (0.4, 0.6)


def test_curves_of_little_say_nothing():
    for values in ([], [1.0], [1.0, 2.0], [2.0, 2.0, 2.0]):
        drawn = curve("nc1", [str(i) for i in range(len(values))], [Measured(value, 5) for value in values])
        assert np.isnan(drawn.trend)
        assert (drawn.steepest is None) == (len(values) < 2)
