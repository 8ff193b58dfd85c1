"""mCE and its relatives by hand, against a bootstrap that loops, and against scipy's line."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import linregress

from analysis.robustness import aggregates, curves
from analysis.robustness.bootstrap import RESAMPLES, interval, weights

CHANCE = np.random.default_rng(5)
CORRECT = (CHANCE.random((3, 7, 90)) < np.linspace(0.9, 0.3, 7)[None, :, None]).astype(np.int8)
PLACES = np.array([[1, 2, 3], [4, 5, 6]])


@pytest.fixture(scope="module")
def replicates() -> np.ndarray:
    return aggregates.accuracy_replicates(CORRECT, seed=2)


def test_accuracy_of_every_resample_is_the_one_of_a_loop(replicates):
    assert replicates.shape == (3, 7, 1 + RESAMPLES)
    drawn = np.concatenate([*weights(90, 2)], axis=1)
    for column in (0, 1, 77, RESAMPLES):
        often = np.repeat(np.arange(90), drawn[:, column].astype(int))
        assert replicates[:, :, column] == pytest.approx(CORRECT[:, :, often].mean(axis=-1), abs=1e-6)


@pytest.mark.parametrize("everywhere", [True, False])
def test_what_is_unknown_does_not_count(everywhere: bool):
    correct = CORRECT.copy()
    if everywhere:
        correct[:, :, :30] = -1
    else:
        correct[1, 2, :30] = -1
    correct[2, 6] = -1  # a cell that is not there
    found = aggregates.accuracy_replicates(correct)
    assert np.isnan(found[2, 6]).all()
    assert found[1, 2, 0] == pytest.approx(CORRECT[1, 2, 30:].mean())
    assert found[0, 0, 0] == pytest.approx(CORRECT[0, 0, 30 if everywhere else 0 :].mean())


def test_mce_by_hand(replicates):
    errors = aggregates.corruption_errors(replicates, PLACES)
    clean = 1 - replicates[:, 0]
    wrong = 1 - CORRECT.mean(axis=-1)
    sums = np.array([[wrong[m, p].sum() for p in PLACES] for m in range(3)])
    found = aggregates.mce(errors, errors[0])
    assert found[:, 0] == pytest.approx(100 * (sums / sums[0]).mean(axis=1), rel=1e-5)
    assert found[0] == pytest.approx(100)  # in every resample: the reference is drawn alike
    relative = aggregates.relative_mce(errors, clean, errors[0], clean[0])
    by_hand = (sums - 3 * wrong[:, :1]) / (sums[0] - 3 * wrong[0, 0])
    assert relative[:, 0] == pytest.approx(100 * by_hand.mean(axis=1), rel=1e-4)
    assert aggregates.mean_error(errors)[:, 0] == pytest.approx(wrong[:, 1:].mean(axis=1), rel=1e-5)
    assert aggregates.robust_gap(errors, clean)[:, 0] == pytest.approx(
        wrong[:, 1:].mean(axis=1) - wrong[:, 0], abs=1e-6
    )


def test_a_missing_cell_leaves_no_mce(replicates):
    missing = replicates.copy()
    missing[1, 3] = np.nan
    errors = aggregates.corruption_errors(missing, PLACES)
    found = aggregates.mce(errors, errors[0])[:, 0]
    assert np.isnan(found).tolist() == [False, True, False]


def test_a_severity_that_was_not_asked_is_no_missing_cell(replicates):
    places = np.array([[1, 2, -1], [4, 5, 6]])
    errors = aggregates.corruption_errors(replicates, places)
    assert errors[:, 0, 0] == pytest.approx(1 - CORRECT[:, 1:3].mean(axis=(1, 2)), abs=1e-6)


def test_paired_intervals_are_narrower_than_those_of_two(replicates):
    shifted = np.concatenate([replicates, replicates - 0.05])
    errors = aggregates.corruption_errors(shifted, PLACES)
    _, low, high = interval(errors.mean(axis=1)[3] - errors.mean(axis=1)[0])
    assert (low, high) == pytest.approx((0.05, 0.05), abs=1e-5)


def test_effective_robustness_is_the_residual_of_scipys_line():
    clean = CHANCE.uniform(0.6, 0.95, 8)
    corrupted = expit(0.8 * logit(clean) - 1 + CHANCE.normal(0, 0.3, 8))
    slope, intercept, *_ = linregress(logit(clean), logit(corrupted))
    expected = corrupted - expit(intercept + slope * logit(clean))
    found = aggregates.effective_robustness(clean[:, None], corrupted[:, None], 1000)[:, 0]
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("clean", [[0.9, 0.8], [0.9, 0.9, 0.9]])
def test_no_line_no_effective_robustness(clean: list[float]):
    given = np.array(clean)[:, None]
    assert np.isnan(aggregates.effective_robustness(given, given - 0.2, 100)).all()


def test_effective_robustness_of_perfect_and_missing_networks():
    clean = np.array([1.0, 0.9, 0.8, np.nan])[:, None]
    found = aggregates.effective_robustness(clean, clean - 0.3, 100)
    assert np.isfinite(found[:3]).all()
    assert np.isnan(found[3]).all()


def test_curves_begin_clean_and_say_where_they_rise():
    places = curves.laid([("clean", 0), ("fog", 1), ("fog", 2), ("snow", 2)], ("fog", "snow"), (1, 2))
    assert places.tolist() == [[1, 2], [-1, 3]]
    correct = np.zeros((1, 4, 1000), np.int8)
    for place, right in enumerate((900, 500, 700, 400)):
        correct[0, place, :right] = 1
    found = curves.curves(aggregates.accuracy_replicates(correct), places, (1, 2))
    assert found.severities == (0, 1, 2)
    assert found.values[0, 0] == pytest.approx([0.9, 0.5, 0.7])
    assert np.isnan(found.values[0, 1, 1])
    assert found.rises.tolist() == [[True, False]]
