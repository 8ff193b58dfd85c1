"""Who loses which sample, by hand."""

import numpy as np

from analysis.robustness.fragility import fragility

SAMPLES = np.array([3, 7, 8, 20])
CORRECT = np.array(
    [
        [[1, 1, 0, 0], [1, 0, 0, 0]],  # the first network under two conditions
        [[1, 1, 0, -1], [1, 1, 1, -1]],
    ],
    np.int8,
)
CLEAN = np.array([[1, 1, 0, 1], [1, 1, 1, -1]], np.int8)


def test_lists_by_hand():
    found = fragility(SAMPLES, CORRECT, CLEAN)
    assert found.robust.tolist() == [3]
    assert found.everywhere.tolist() == [8]
    assert found.lost.tolist() == [8]
    assert found.fragile(1).tolist() == [7]
    assert found.ever.tolist() == [0, 1, 2, 1]
    assert found.counts.tolist() == [1, 1, 1]  # the last sample is unknown to one
    assert np.isnan(found.wrong[1, 3])


def test_a_sample_nobody_has_right_without_corruption_was_not_lost_to_it():
    found = fragility(SAMPLES, CORRECT, np.zeros_like(CLEAN))
    assert found.everywhere.tolist() == [8]
    assert found.lost.tolist() == []


def test_no_networks_no_lists():
    found = fragility(SAMPLES, CORRECT[:0], CLEAN[:0])
    assert found.robust.tolist() == found.everywhere.tolist() == []
    assert found.counts.tolist() == [0]


def test_a_condition_that_is_not_there_does_not_count():
    correct = np.concatenate([CORRECT, np.full((2, 1, 4), -1, np.int8)], axis=1)
    assert fragility(SAMPLES, correct, CLEAN).robust.tolist() == [3]
