"""Correlations and subsets against numpy, scipy and a search by hand."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import kendalltau

from analysis.robustness import redundancy

CHANCE = np.random.default_rng(11)


def _tau(one: np.ndarray, other: np.ndarray) -> float:
    return np.asarray(kendalltau(one, other))[0]


@pytest.mark.parametrize("ties", [False, True])
def test_tau_is_scipys(ties: bool):
    for _ in range(30):
        one, other = CHANCE.normal(size=9), CHANCE.normal(size=9)
        if ties:
            one, other = one.round(), other.round()
        assert redundancy.tau(one, other) == pytest.approx(_tau(one, other), abs=1e-6)


def test_tau_of_networks_all_alike_is_nothing():
    assert np.isnan(redundancy.tau(np.ones(5), np.arange(5)))


def test_correlation_is_numpys_and_leaves_out_what_is_missing():
    numbers = CHANCE.normal(size=(40, 5))
    assert redundancy.correlation(numbers) == pytest.approx(np.corrcoef(numbers.T), abs=1e-12)
    numbers[3, 1] = np.nan
    both = np.arange(40) != 3
    assert redundancy.correlation(numbers)[0, 1] == pytest.approx(np.asarray(np.corrcoef(numbers[both, :2].T))[0, 1])
    assert redundancy.correlation(numbers)[0, 2] == pytest.approx(np.asarray(np.corrcoef(numbers[:, [0, 2]].T))[0, 1])
    assert redundancy.correlation(np.where(np.arange(5) == 2, 1.0, numbers))[2, 2] != 1
    assert np.isnan(redundancy.correlation(numbers[:1])).all()


def test_the_smallest_subset_is_what_trying_all_finds():
    accuracies = CHANCE.random((8, 7))
    every = accuracies.mean(axis=1)
    found = redundancy.smallest_subsets(accuracies, 0.85)
    for subset in found:
        size = len(subset.corruptions)
        best = max(_tau(accuracies[:, list(c)].mean(axis=1), every) for c in combinations(range(7), size))
        assert subset.exact
        assert subset.tau == pytest.approx(best, abs=1e-6)
    assert all(s.tau < 0.85 for s in found[:-1])
    assert found[-1].tau >= 0.85


def test_one_corruption_is_enough_where_all_say_the_same():
    accuracies = np.linspace(0.2, 0.9, 6)[:, None] * np.array([1.0, 0.5, 0.9])
    (only,) = redundancy.smallest_subsets(accuracies, 1.0)
    assert only == redundancy.Subset((0,), 1.0, True)


def test_all_sizes_can_be_had_and_all_corruptions_agree_with_themselves():
    found = redundancy.smallest_subsets(CHANCE.random((6, 5)), 0.1, largest=5)
    assert [len(s.corruptions) for s in found] == [1, 2, 3, 4, 5]
    assert found[-1].tau == pytest.approx(1)


def test_a_large_search_goes_on_greedily_and_says_so(monkeypatch):
    monkeypatch.setattr(redundancy, "_WORK", 3000)
    accuracies = CHANCE.random((10, 12))
    found = redundancy.smallest_subsets(accuracies, 2.0, largest=6)
    assert [s.exact for s in found] == [True, *(s.exact for s in found[1:])]
    assert not found[3].exact
    every = accuracies.mean(axis=1)
    for subset in found:
        assert len(set(subset.corruptions)) == len(subset.corruptions)
        value = _tau(accuracies[:, list(subset.corruptions)].mean(axis=1), every)
        assert subset.tau == pytest.approx(value, abs=1e-6)
    assert [s.tau for s in found] == sorted(s.tau for s in found)


def test_a_grid_of_nineteen_and_twenty_four_is_quick():
    import time

    began = time.process_time()
    found = redundancy.smallest_subsets(CHANCE.random((24, 19)), 0.9)
    assert found[-1].tau >= 0.9
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "accuracies", [np.ones((5, 4)), np.random.default_rng(0).random((2, 4)), np.full((4, 3), np.nan)]
)
def test_without_a_ranking_there_is_no_subset(accuracies: np.ndarray):
    assert redundancy.smallest_subsets(accuracies) == []


def test_steadiness_is_one_without_noise_and_less_with_it():
    still = np.repeat(CHANCE.random((6, 4, 1)), 30, axis=2)
    assert redundancy.steadiness(still) == pytest.approx(np.ones(29))
    moved = still + CHANCE.normal(0, 0.2, still.shape)
    expected = [_tau(moved.mean(axis=1)[:, r], moved.mean(axis=1)[:, 0]) for r in range(1, 30)]
    assert redundancy.steadiness(moved) == pytest.approx(expected, abs=1e-6)
    assert redundancy.taus(moved, [0, 1, 2, 3]) == pytest.approx(np.ones(30))
