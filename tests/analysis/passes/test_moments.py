"""Merged moments are those of the whole."""

import numpy as np

from analysis.passes.moments import merged, moments


def test_parts_of_any_size_merge_to_the_whole():
    values = np.random.default_rng(0).normal(5, 2, (1000, 4)).astype(np.float32)
    values[:, 3] += 1e4  # where sums of squares would cancel
    pieces = np.split(values, [1, 7, 400, 401])
    found = merged(moments(p) for p in pieces)
    whole = values.astype(np.float64)
    assert found.count == 1000
    assert np.allclose(found.mean, whole.mean(0), rtol=1e-13)
    assert np.allclose(found.variance, whole.var(0), rtol=1e-9)


def test_one_vector_has_no_deviation():
    found = moments(np.ones((1, 3)))
    assert (found.count, found.m2.tolist()) == (1, [0, 0, 0])
