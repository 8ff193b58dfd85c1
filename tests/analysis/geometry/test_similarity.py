"""CKA against published numbers and against the definitions, written out with whole kernels."""

import numpy as np
import pytest

from analysis.errors import BadParameter
from analysis.geometry import similarity
from analysis.geometry.similarity import cka


def published() -> tuple[np.ndarray, np.ndarray]:
    """The features of Google's notebook (representation_similarity/Demo.ipynb)."""
    random = np.random.RandomState(1337)
    x = random.randn(100, 10)
    return x, random.randn(100, 10) + x


def song(x: np.ndarray, y: np.ndarray) -> float:
    """Song et al. 2012, eq. 5, of linear kernels, as it is printed."""
    n, kernels = len(x), []
    for values in (x.astype(np.float64), y.astype(np.float64)):
        kernel = values @ values.T
        np.fill_diagonal(kernel, 0)
        kernels.append(kernel)
    k, l = kernels  # noqa: E741
    ones = np.ones(n)
    rest = ones @ k @ ones * (ones @ l @ ones) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (ones @ k @ l @ ones)
    return (np.trace(k @ l) + rest) / (n * (n - 3))


def test_published_numbers():
    x, y = published()
    assert cka(x, y, estimator="biased") == pytest.approx(0.55761, abs=5e-6)
    assert cka(x, y) == pytest.approx(0.51346, abs=5e-6)


@pytest.mark.parametrize(("n", "d", "e"), [(60, 7, 5), (12, 30, 40), (12, 30, 3), (4, 2, 2), (300, 20, 80)])
def test_as_the_definitions_say(n: int, d: int, e: int):
    random = np.random.default_rng(n)
    x = random.normal(3, 1, (n, d))
    y = x[:, : min(d, e)] @ random.normal(size=(min(d, e), e)) + 2 * random.normal(size=(n, e))
    assert cka(x, y) == pytest.approx(song(x, y) / np.sqrt(song(x, x) * song(y, y)), rel=1e-9)
    centre = np.eye(n) - 1 / n
    k, l = centre @ x @ x.T @ centre, centre @ y @ y.T @ centre  # noqa: E741
    plain = np.trace(k @ l) / np.sqrt(np.trace(k @ k) * np.trace(l @ l))
    assert cka(x, y, estimator="biased") == pytest.approx(plain, rel=1e-9)


def test_only_the_debiased_form_sees_that_features_are_unrelated():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(100, 512)), random.normal(size=(100, 512))
    assert cka(x, y, estimator="biased") == pytest.approx(0.83, abs=0.01)
    assert abs(cka(x, y)) < 0.05


@pytest.mark.parametrize("estimator", ["debiased", "biased"])
def test_rotations_factors_and_shifts_change_nothing(estimator):
    x, y = published()
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(10, 10)))[0]
    assert cka(x, 3 * x @ turn - 5, estimator=estimator) == pytest.approx(1)
    assert cka(x @ turn, y, estimator=estimator) == pytest.approx(cka(x, y, estimator=estimator))
    assert cka(x, y, estimator=estimator) == pytest.approx(cka(y, x, estimator=estimator))
    order = np.random.default_rng(2).permutation(100)
    assert cka(x[order], y[order], estimator=estimator) == pytest.approx(cka(x, y, estimator=estimator))
    assert cka(x, y[order], estimator=estimator) < 0.3


def test_parts_make_the_whole(monkeypatch, tmp_path):
    x, y = published()
    whole = cka(x, y)
    monkeypatch.setattr(similarity, "_ROWS", 7)
    np.save(tmp_path / "x.npy", x.astype(np.float32))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert cka(mapped, y.astype(np.float32)) == pytest.approx(whole, rel=1e-6)


def test_sums_are_in_double_precision():
    """Features far from zero: in float32 their covariance would drown."""
    x, y = published()
    assert cka((x + 1e6).astype(np.float64), y) == pytest.approx(cka(x, y), rel=1e-6)
    far = (x + 1000).astype(np.float32)
    assert cka(far, y) == pytest.approx(cka(far.astype(np.float64), y), rel=1e-12)


@pytest.mark.parametrize("estimator", ["debiased", "biased"])
def test_what_is_not_defined_is_not_a_number(estimator):
    x, y = published()
    assert np.isnan(cka(np.full((100, 3), 0.1), y, estimator=estimator))
    assert np.isnan(cka(x[:1], y[:1], estimator=estimator))
    assert np.isnan(cka(np.where(x > 2, np.nan, x), y, estimator=estimator))
    assert np.isnan(cka(x[:3], y[:3]))
    assert not np.isnan(cka(x[:3], y[:3], estimator="biased"))


def test_what_does_not_go_together_is_refused():
    x, y = published()
    with pytest.raises(BadParameter, match=r"\(100, 10\) and \(99, 10\)"):
        cka(x, y[:-1])
    with pytest.raises(BadParameter, match="row for each sample"):
        cka(x[0], y[0])
    with pytest.raises(BadParameter, match="'unbiased'"):
        cka(x, y, estimator="unbiased")  # pyright: ignore[reportArgumentType]


def test_the_features_stay_as_they_are():
    x, y = published()
    before = x.copy(), y.copy()
    cka(x, y)
    assert np.array_equal(x, before[0])
    assert np.array_equal(y, before[1])
