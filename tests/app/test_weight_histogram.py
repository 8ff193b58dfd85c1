"""Weight histograms: one set of bins for all, zeros left out and said."""

import numpy as np

from app.figures.weight_histogram import BINS, FLOOR, weight_histogram

COLOURS = {"a": "#111111", "b": "#222222", "base": "#333333"}


def test_counts_are_those_of_the_weights_that_are_not_zero() -> None:
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(50, 4, 3, 3)).astype(np.float32)
    sparse = np.where(np.abs(dense) > 1, dense, 0)
    figure = weight_histogram({"a": dense, "b": sparse}, COLOURS)
    a, b = figure.data
    assert list(a.x) == list(b.x)
    assert len(a.x) == BINS
    assert sum(a.customdata) == dense.size
    assert sum(b.customdata) == np.count_nonzero(sparse)
    reach = np.abs(dense).max()
    expected = np.histogram(sparse[sparse != 0], np.linspace(-reach, reach, BINS + 1))[0]
    assert list(b.customdata) == list(expected)
    assert b.name == f"b · {100 * np.mean(sparse == 0):.1f} % zero"


def test_empty_bins_lie_on_the_floor_and_the_axis_reaches_all() -> None:
    figure = weight_histogram({"a": np.array([-1.0, 1.0, 1.0])}, COLOURS)
    (trace,) = figure.data
    assert sorted(set(trace.y)) == [FLOOR, 1, 2]
    low, high = figure.layout.yaxis.range
    assert 10**low <= FLOOR
    assert 10**high > 2


def test_a_layer_without_a_weight_left_is_drawn() -> None:
    figure = weight_histogram({"a": np.zeros(9), "b": np.zeros(0)}, COLOURS)
    assert [t.name for t in figure.data] == ["a · 100.0 % zero", "b · 0.0 % zero"]


def test_the_base_is_a_ground() -> None:
    figure = weight_histogram({"base": np.ones(3), "a": np.ones(3)}, COLOURS, base="base")
    assert [t.fill for t in figure.data] == ["tozeroy", None]
