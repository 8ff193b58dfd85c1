"""Coordinates are umap-learn's own."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.errors import Cancelled, NotApplicable
from analysis.projections.checking import laid_out, project
from analysis.projections.registry import Given

pytestmark = pytest.mark.slow  # numba compiles for seconds before it begins


def peer(features: np.ndarray, labels: np.ndarray | None = None, **asked: Any) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

        return UMAP(**asked).fit_transform(features, labels)


@pytest.mark.parametrize(
    ("asked", "dims"),
    [
        ({}, 2),
        ({"n_neighbors": 7, "min_dist": 0.4, "metric": "cosine"}, 3),
        ({"metric": "correlation", "n_epochs": 50}, 2),
        ({"metric": "manhattan", "n_epochs": 50}, 2),
        ({"metric": "chebyshev", "n_epochs": 50}, 2),
        ({"densmap": True, "n_epochs": 60}, 2),
    ],
)
def test_coordinates_equal_the_librarys(some: np.ndarray, asked: dict[str, Any], dims: int) -> None:
    found = project("umap", some, Given(dims=dims, seed=11), asked)
    theirs = peer(some, n_components=dims, random_state=11, **asked)
    np.testing.assert_array_equal(found.points, theirs)
    assert found.remarks == ()


def test_coordinates_equal_the_librarys_where_neighbours_are_approximate() -> None:
    features = np.random.default_rng(0).normal(size=(4200, 8)).astype(np.float32)  # from 4,096 on: pynndescent
    found = project("umap", features, Given(seed=2), {"n_epochs": 20})
    np.testing.assert_array_equal(found.points, peer(features, random_state=2, n_epochs=20))


def test_supervised_by_the_classes_that_are_known(some: np.ndarray, known: Given) -> None:
    assert known.labels is not None
    labels = np.where(np.arange(len(some)) < 80, known.labels, -1)
    asked = {"supervised": True, "n_epochs": 60}
    found = project("umap", some, replace(known, labels=labels), asked)
    np.testing.assert_array_equal(found.points, peer(some, labels, random_state=0, n_epochs=60))
    for lacking in (None, np.full(len(some), -1)):
        with pytest.raises(NotApplicable, match="Turn it off"):
            project("umap", some, replace(known, labels=lacking), asked)


@pytest.mark.parametrize("samples", [4, 5, 6, 10, 19])
@pytest.mark.parametrize("dims", [2, 3])
def test_very_few_samples(some: np.ndarray, samples: int, dims: int) -> None:
    found = project("umap", some[:samples], Given(dims=dims), {"n_epochs": 20})
    assert np.isfinite(found.points).all()
    assert "started from PCA" in found.remarks[-1]
    assert ("'n_neighbors' is" in found.remarks[0]) == (samples <= 15)


def test_a_sample_that_is_like_no_other_is_left_out(some: np.ndarray) -> None:
    east, west = np.zeros((40, 3), np.float32), np.array([[-1, 0, 0]], np.float32)
    east[:, 0] = 1 + np.arange(40)
    laid = laid_out("umap", np.vstack([east, west]), Given(), {"metric": "cosine", "n_epochs": 20, "n_neighbors": 5})
    assert np.isnan(laid.points).all(axis=1).tolist() == [False] * 40 + [True]
    assert laid.fitted_rows.tolist() == list(range(40))
    assert laid.remarks == ("1 samples have no neighbour under this metric: they are not drawn.",)


def test_progress_is_told_and_a_wish_to_stop_is_heard(some: np.ndarray) -> None:
    told: list[tuple[float, str]] = []

    def report(done: float, words: str) -> None:
        told.append((done, words))
        if done > 0.5:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        project("umap", some, Given(report=report), {"n_epochs": 5000})
    assert told[0] == (0.02, "finding neighbours")
    assert told[-1][0] < 0.9
    assert [done for done, _ in told] == sorted(done for done, _ in told)
