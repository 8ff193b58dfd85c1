"""The sums that measures share, against the same written out; rows that are no numbers; features on the disk."""

from pathlib import Path

import numpy as np
import pytest

from analysis.errors import BadParameter
from analysis.geometry.features import Features
from analysis.geometry.intervals import mean, median, share


@pytest.fixture
def given() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(3, 1, (9001, 7)), random.integers(-1, 4, 9001)  # more than two parts of rows


def test_sums_are_those_of_the_definition(given: tuple[np.ndarray, np.ndarray]):
    values, labels = given
    features = Features(values, labels)
    means = np.stack([values[labels == c].mean(axis=0) for c in range(4)])
    rest = values[labels >= 0] - means[labels[labels >= 0]]
    np.testing.assert_allclose(features.mean, values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(features.covariance, np.cov(values.T, ddof=0), rtol=1e-10)
    np.testing.assert_allclose(features.class_means, means, rtol=1e-12)
    np.testing.assert_allclose(features.mean_of_means, means.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(features.within, rest.T @ rest / len(rest), rtol=1e-10)
    np.testing.assert_allclose(features.apart[labels >= 0], np.square(rest).sum(axis=1), rtol=1e-10)
    assert np.isnan(features.apart[labels < 0]).all()
    np.testing.assert_allclose(features.lengths, np.linalg.norm(values, axis=1), rtol=1e-12)
    assert features.size == pytest.approx(np.square(values).sum(axis=1).mean())
    np.testing.assert_array_equal(features.classes, [0, 1, 2, 3])
    np.testing.assert_array_equal(features.counts, [np.sum(labels == c) for c in range(4)])
    assert features.labelled == np.sum(labels >= 0)
    for c, members in enumerate(features.members):
        np.testing.assert_array_equal(members, np.flatnonzero(labels == c))


@pytest.mark.parametrize("count", [5, 200])
def test_spectrum(count: int):
    values = np.random.default_rng(1).normal(size=(count, 12)) * np.arange(1, 13)
    expected = np.linalg.svd(values - values.mean(axis=0), compute_uv=False) ** 2 / count
    np.testing.assert_allclose(Features(values).spectrum, expected, atol=1e-9)


def test_classes_need_not_be_those_from_zero_on():
    features = Features(np.arange(12.0).reshape(6, 2), np.array([7, 900, -1, 7, 3, 900]))
    np.testing.assert_array_equal(features.classes, [3, 7, 900])
    np.testing.assert_array_equal(features.counts, [1, 2, 2])
    np.testing.assert_array_equal(features.places, [1, 2, -1, 1, 0, 2])
    np.testing.assert_array_equal(features.class_means, [[8, 9], [3, 4], [6, 7]])


def test_rows_that_are_no_numbers_are_left_out_and_counted():
    values = np.arange(10.0).reshape(5, 2)
    values[1, 0], values[3, 1] = np.nan, np.inf
    features = Features(values, np.arange(5), predictions=np.arange(5))
    assert (len(features), features.left_out) == (3, 2)
    np.testing.assert_array_equal(features.rows, [0, 2, 4])
    np.testing.assert_array_equal(features.labels, [0, 2, 4])
    np.testing.assert_array_equal(features.predictions, [0, 2, 4])


def test_quantiles_of_each_class():
    values = np.random.default_rng(2).normal(size=300)
    values[4] = np.nan
    labels = np.arange(300) % 3
    found = Features(np.zeros((300, 1)), labels).per_class(values)
    for c in range(3):
        expected = np.nanquantile(values[labels == c], [0.05, 0.25, 0.5, 0.75, 0.95])
        np.testing.assert_allclose(found[c], expected)


def test_features_may_lie_on_the_disk(tmp_path: Path, given: tuple[np.ndarray, np.ndarray]):
    values, labels = given
    np.save(tmp_path / "values.npy", values.astype(np.float32))
    mapped = np.load(tmp_path / "values.npy", mmap_mode="r")
    features = Features(mapped, labels)
    assert isinstance(features.values, np.memmap)
    np.testing.assert_allclose(features.class_means, Features(values, labels).class_means, rtol=1e-6)


def test_the_same_part_is_drawn_every_time():
    features = Features(np.zeros((1000, 1)), seed=4)
    drawn = features.drawn(100)
    assert len(np.unique(drawn)) == 100
    np.testing.assert_array_equal(drawn, features.drawn(100))
    np.testing.assert_array_equal(features.drawn(5000), np.arange(1000))


@pytest.mark.parametrize(
    ("shape", "other", "wrong"),
    [
        ((3,), "labels", (3,)),
        ((3, 2), "labels", (4,)),
        ((3, 2), "predictions", (2,)),
        ((3, 2), "weight", (5, 3)),
        ((3, 2), "weight", (2,)),
    ],
)
def test_shapes_that_do_not_fit_raise(shape: tuple[int, ...], other: str, wrong: tuple[int, ...]):
    with pytest.raises(BadParameter):
        Features(np.zeros(shape), **{other: np.zeros(wrong)})


def test_a_bias_fits_its_head():
    with pytest.raises(BadParameter):
        Features(np.zeros((3, 2)), weight=np.zeros((5, 2)), bias=np.zeros(4))


def test_intervals_hold_what_they_should():
    """Of 400 draws of 60 samples, about 95 % of the intervals hold the truth."""
    random, held = np.random.default_rng(3), np.zeros(3)
    for _ in range(400):
        chance, number = random.random(60) < 0.9, random.exponential(size=60)
        for i, (found, truth) in enumerate(
            [(share(chance), 0.9), (median(number), np.log(2)), (mean(number), 1.0)],
        ):
            held[i] += found.low <= truth <= found.high
    assert ((held / 400 > 0.91) & (held / 400 < 0.99)).all(), held / 400


def test_wilson_of_the_textbook():
    """10 of 10: [.7225, 1] (Wilson 1927, as in R's prop.test without correction)."""
    found = share(np.ones(10, dtype=bool))
    assert (found.low, found.high) == (pytest.approx(0.72247, abs=1e-5), 1.0)
