"""The bootstrap against one made by hand, and against what theory says."""

import numpy as np
import pytest

from analysis.robustness.bootstrap import RESAMPLES, interval, replicated, score, weights


def test_the_first_column_is_every_sample_once_and_the_others_draw_as_many():
    every = np.concatenate([*weights(3000, seed=4)], axis=1)
    assert every.shape == (3000, 1 + RESAMPLES)
    assert (every[:, 0] == 1).all()
    assert (every.sum(axis=0) == 3000).all()
    assert every[:, 1:].var() == pytest.approx(1 - 1 / 3000, rel=0.02)  # binomial


def test_draws_depend_on_the_seed_and_on_nothing_else():
    one, again, other = (np.concatenate([*weights(50, seed)], axis=1) for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_the_interval_of_a_mean_is_what_a_slow_bootstrap_says():
    values = np.random.default_rng(0).normal(3, 2, 700)
    found = replicated(lambda w: values @ w / w.sum(axis=0), len(values), seed=7)
    chance = np.random.default_rng([7, 700])
    slow = [values[chance.integers(0, 700, 700)].mean() for _ in range(RESAMPLES)]
    assert found[1:] == pytest.approx(slow, abs=1e-12)
    said = score(found)
    assert (said.value, said.low, said.high) == pytest.approx((values.mean(), *np.percentile(slow, [2.5, 97.5])))
    assert said.high - said.low == pytest.approx(2 * 1.96 * 2 / np.sqrt(700), rel=0.2)


def test_intervals_hold_the_truth_about_95_times_of_100():
    chance, held = np.random.default_rng(1), 0
    for trial in range(300):
        values = chance.random(200) < 0.7
        _, low, high = interval(replicated(lambda w, v=values: v @ w / w.sum(axis=0), 200, seed=trial))
        held += bool(low <= 0.7 <= high)
    assert 0.89 <= held / 300 <= 0.99


def test_what_most_resamples_lack_has_no_interval():
    replicates = np.array([[1.0, np.nan, np.nan, 2.0, np.nan], [1.0, 0.5, 0.6, np.nan, 0.7]])
    value, low, high = interval(replicates)
    assert value.tolist() == [1, 1]
    assert np.isnan([low[0], high[0]]).all()
    assert 0.5 <= low[1] <= high[1] <= 0.7
