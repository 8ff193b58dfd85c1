"""Measures of two sets of features: published numbers, exact cases, and the definitions written out slowly."""

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import cdist, pdist
from scipy.stats import spearmanr
from sklearn.cross_decomposition import CCA
from sklearn.neighbors import NearestNeighbors

from analysis.geometry import MEASURES
from analysis.geometry.features import Features
from analysis.geometry.registry import Measured
from analysis.geometry.similarity import cka

ALL = sorted((measure for measure in MEASURES if measure.group == "similarity"), key=lambda measure: measure.name)


def measured(name: str, x: np.ndarray, y: np.ndarray, **params: float | str) -> Measured:
    return MEASURES[name].function(Features(x, seed=1), Features(y, seed=1), **params)


def published() -> tuple[np.ndarray, np.ndarray]:
    """The features of Google's notebook (representation_similarity/Demo.ipynb)."""
    random = np.random.RandomState(1337)
    x = random.randn(100, 10)
    return x, random.randn(100, 10) + x


def rotation(width: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(width).normal(size=(width, width)))[0]


def test_published_numbers():
    x, y = published()
    assert measured("cka", x, y, estimator="biased").value == pytest.approx(0.55761, abs=5e-6)
    assert measured("cka", x, y).value == pytest.approx(0.51346, abs=5e-6)
    assert measured("rbf_cka", x, y, estimator="biased").value == pytest.approx(0.65483, abs=5e-6)
    correlations = measured("svcca", x, y, variance=1.0).arrays["correlations"]
    assert np.square(correlations).mean() == pytest.approx(0.54540, abs=5e-6)  # centred; the notebook's are not


@pytest.mark.parametrize(("n", "d"), [(100, 10), (40, 90)])
def test_rotated_features_are_the_same(n: int, d: int):
    x = np.random.default_rng(0).normal(size=(n, d)) * np.linspace(1, 3, d)
    y = 3 * x @ rotation(d) - 5
    for name in ("cka", "cka_minibatch", "rbf_cka", "rsa", "mutual_neighbours"):
        assert measured(name, x, y).value == pytest.approx(1, abs=1e-9), name
    assert measured("procrustes", x, y).value == pytest.approx(0, abs=1e-12)
    if n > d:
        assert measured("svcca", x, y).value == pytest.approx(1)
    wider = np.concatenate([x, np.zeros((n, 7))], axis=1) @ rotation(d + 7)
    assert measured("procrustes", x, wider).value == pytest.approx(0, abs=1e-12)


def test_unrelated_features():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(100, 512)), random.normal(size=(100, 512))
    assert abs(measured("cka", x, y).value) < 0.05
    assert abs(measured("rbf_cka", x, y).value) < 0.1
    biased = measured("cka", x, y, estimator="biased")
    assert biased.value == pytest.approx(0.83, abs=0.01)
    assert "Fewer samples than features" in biased.caveats[0]
    assert "rotation fits noise" in measured("procrustes", x, y).caveats[0]
    assert "some correlations are always 1" in measured("svcca", x, y).why
    some = measured("svcca", x[:, :30], y[:, :20])
    assert "of unrelated features it would say about 0.54" in some.caveats[0]
    assert np.sqrt(np.square(some.arrays["correlations"]).mean()) == pytest.approx(0.55, abs=0.06)
    assert abs(measured("rsa", x, y).value) < 0.1
    near = measured("mutual_neighbours", x, y)
    assert near.value == pytest.approx(10 / 99, abs=0.03)
    assert near.caveats == ("By chance it would be 0.101, with 100 samples.",)


@pytest.mark.parametrize(("n", "d", "e"), [(60, 7, 5), (12, 30, 40), (30, 40, 3), (5000, 6, 9)])
@pytest.mark.parametrize("estimator", ["debiased", "biased"])
def test_cka_is_that_of_the_plain_function(n: int, d: int, e: int, estimator: str):
    random = np.random.default_rng(n)
    x = random.normal(3, 1, (n, d))
    y = x[:, : min(d, e)] @ random.normal(size=(min(d, e), e)) + 2 * random.normal(size=(n, e))
    expected = cka(x, y, estimator=estimator)  # pyright: ignore[reportArgumentType]
    assert measured("cka", x, y, estimator=estimator).value == pytest.approx(expected, rel=1e-8)


def test_cka_interval_is_that_of_leaving_each_sample_out():
    x, y = published()
    found = measured("cka", x, y)
    without = [cka(np.delete(x, i, 0), np.delete(y, i, 0)) for i in range(100)]
    half = 1.96 * np.sqrt(99 / 100 * np.square(without - np.mean(without)).sum())
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)


@pytest.mark.parametrize("name", ["cka", "rbf_cka", "procrustes", "rsa"])
def test_intervals_hold_the_value_of_many_samples(name: str):
    """In most of forty draws; 95 % of them, but for the bias of few samples."""
    random = np.random.default_rng(3)
    mix, x = random.normal(size=(5, 5)), random.normal(size=(40, 200, 5))
    y = x @ mix + 2 * random.normal(size=x.shape)
    params = {} if name in ("cka", "procrustes") else {"samples": 2000}
    truth = measured(name, x.reshape(-1, 5), y.reshape(-1, 5), **params).value
    found = [measured(name, *pair) for pair in zip(x, y, strict=True)]
    assert np.mean([one.low <= truth <= one.high for one in found]) >= 0.85


def test_minibatches_tend_to_the_whole():
    random = np.random.default_rng(4)
    x = random.normal(size=(4000, 6)) * [1, 1, 2, 2, 3, 4]
    y = x @ random.normal(size=(6, 5)) + 3 * random.normal(size=(4000, 5))
    found, whole = measured("cka_minibatch", x, y, batch=100), cka(x, y)
    assert found.value == pytest.approx(whole, abs=0.01)
    assert found.low < whole < found.high
    assert found.interval == "jackknife over 40 batches"
    assert found.samples == 4000
    assert measured("cka_minibatch", x[:90], y[:90]).value == pytest.approx(cka(x[:90], y[:90]), rel=1e-9)


def test_svcca_is_cca_of_principal_components():
    """Against scikit-learn's CCA of the components that hold 99 %."""
    random = np.random.default_rng(5)
    x = random.normal(size=(400, 8)) * [9, 5, 4, 3, 2, 1, 0.1, 0.01]
    y = x[:, :4] @ random.normal(size=(4, 6)) + random.normal(size=(400, 6)) * 3
    kept = []
    for values in (x - x.mean(0), y - y.mean(0)):
        left, s, _ = np.linalg.svd(values, full_matrices=False)
        k = int(np.searchsorted(np.cumsum(s**2) / np.sum(s**2), 0.99)) + 1
        kept.append(left[:, :k] * s[:k])
    found = measured("svcca", x, y)
    assert tuple(found.arrays["directions"]) == (kept[0].shape[1], kept[1].shape[1])
    components = min(found.arrays["directions"])
    scores = CCA(components, max_iter=5000, tol=1e-12).fit_transform(*kept)
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(scores[0].T, scores[1].T, strict=True)]
    np.testing.assert_allclose(found.arrays["correlations"], np.abs(expected), atol=1e-4)
    assert found.value == pytest.approx(np.mean(np.abs(expected)), abs=1e-4)


@pytest.mark.parametrize(("n", "d", "e"), [(50, 6, 6), (50, 6, 4), (8, 20, 30)])
def test_procrustes_is_what_the_best_rotation_leaves(n: int, d: int, e: int):
    random = np.random.default_rng(6)
    x, y = random.normal(2, 1, (n, d)), random.normal(size=(n, e))
    padded = [np.pad(of - of.mean(0), [(0, 0), (0, max(d, e) - of.shape[1])]) for of in (x, y)]
    one, two = (of / np.linalg.norm(of) for of in padded)
    turn, _ = orthogonal_procrustes(one, two)
    assert measured("procrustes", x, y).value == pytest.approx(np.linalg.norm(one @ turn - two) ** 2)


def test_rsa_as_scipy_says():
    x, y = published()
    assert measured("rsa", x, y).value == pytest.approx(spearmanr(pdist(x), pdist(y)).statistic)
    expected = spearmanr(pdist(x, "correlation"), pdist(y, "correlation")).statistic
    assert measured("rsa", x, y, dissimilarity="correlation").value == pytest.approx(expected)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_mutual_neighbours_as_scikit_learn_says(metric: str):
    x, y = published()
    near = [NearestNeighbors(n_neighbors=7, metric=metric).fit(of).kneighbors(return_distance=False) for of in (x, y)]
    expected = [len(set(a) & set(b)) / 7 for a, b in zip(*near, strict=True)]
    found = measured("mutual_neighbours", x, y, k=7, metric=metric)
    np.testing.assert_allclose(found.arrays["per_sample"], expected)
    assert found.value == pytest.approx(np.mean(expected))


def test_rbf_cka_debiased_as_the_u_statistic():
    """Song et al. 2012, eq. 5, with the kernels of Google's notebook."""
    x, y = published()
    kernels = []
    for of in (x, y):
        squares = cdist(of, of, "sqeuclidean")
        kernels.append(np.exp(-squares / (2 * 0.5**2 * np.median(squares))))
        np.fill_diagonal(kernels[-1], 0)

    def hsic(k: np.ndarray, m: np.ndarray) -> float:
        n, sums = len(k), (k.sum(), m.sum())
        return np.trace(k @ m) + sums[0] * sums[1] / (n - 1) / (n - 2) - 2 / (n - 2) * (k @ m).sum()

    expected = hsic(*kernels) / np.sqrt(hsic(kernels[0], kernels[0]) * hsic(kernels[1], kernels[1]))
    assert measured("rbf_cka", x, y).value == pytest.approx(expected)


@pytest.mark.parametrize("measure", ALL, ids=lambda measure: measure.name)
def test_both_sides_are_alike(measure):
    x, y = published()
    one, two = measured(measure.name, x, y), measured(measure.name, y[:, :7], x)
    assert one.value != two.value
    assert measured(measure.name, y, x).value == pytest.approx(one.value)


@pytest.mark.parametrize("measure", ALL, ids=lambda measure: measure.name)
def test_only_rows_that_are_finite_in_both(measure):
    x, y = published()
    one, two = x.copy(), y.copy()
    one[3, 2], two[50, 1] = np.nan, np.inf
    kept = np.delete(np.arange(100), [3, 50])
    found = measured(measure.name, one, two)
    assert found.samples == 98
    assert found.value == pytest.approx(measured(measure.name, x[kept], y[kept]).value)
    assert "not of the same samples" in measured(measure.name, x, y[:90]).why
    assert "do not vary" in measured(measure.name, np.full((100, 3), 0.1), y).why


def test_many_samples_are_drawn_alike_from_both():
    random = np.random.default_rng(7)
    x = random.normal(size=(3000, 4))
    one, two = Features(x, seed=1), Features(2 * x, seed=2)
    for name, samples in (("rbf_cka", 500), ("rsa", 500), ("mutual_neighbours", 1000)):
        found = MEASURES[name].function(one, two)
        assert found.samples == samples
        assert found.value == pytest.approx(1)
