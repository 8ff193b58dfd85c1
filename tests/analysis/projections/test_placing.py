from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from analysis.errors import BadParameter
from analysis.projections.checking import laid_out, project
from analysis.projections.placing import place, read_placer, save_placer
from analysis.projections.prepared import Metric
from analysis.projections.registry import Given

SQUARE = np.array([[0, 0, 0], [4, 0, 0], [0, 4, 0], [9, 9, 9]], np.float32)
POINTS = np.array([[0, 0], [1, 0], [0, 1], [50, 50]], np.float32)


def test_by_hand() -> None:
    placed = place(np.array([[1.0, 0, 0]]), features=SQUARE, points=POINTS, k=2)
    np.testing.assert_allclose(placed, [[0.25, 0]])  # at distances 1 and 3: weights 3/4 and 1/4


def test_a_twin_lands_on_its_twin() -> None:
    twins = np.vstack([SQUARE, SQUARE[1:2]])
    points = np.vstack([POINTS, [[3, 2]]]).astype(np.float32)
    placed = place(SQUARE[[0, 1, 3]], features=twins, points=points, k=4)
    np.testing.assert_allclose(placed, [[0, 0], [2, 1], [50, 50]])


@pytest.mark.parametrize("metric", get_args(Metric))
def test_weights_and_neighbours_are_those_of_the_metric(some: np.ndarray, metric: str) -> None:
    points = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    placed = place(some[100:], features=some[:100], points=points, k=6, metric=metric)
    apart = cdist(some[100:], some[:100], "cityblock" if metric == "manhattan" else metric)
    if metric in ("cosine", "correlation"):
        apart = np.sqrt(2 * apart)  # the chord
    for row, found in zip(apart, placed, strict=True):
        near = np.argsort(row)[:6]
        np.testing.assert_allclose(found, np.average(points[near], axis=0, weights=1 / row[near]), rtol=1e-3, atol=1e-4)


def test_a_search_that_is_there_is_asked(some: np.ndarray) -> None:
    points = np.arange(200, dtype=np.float32).reshape(100, 2)
    asked: list[int] = []

    def search(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append(k)
        found = np.full((len(queries), k), 42)
        found[:, 3:], found[0] = -1, -1  # fewer than k, and none
        found[:, 1] = 7  # one that has no place
        return found, np.ones((len(queries), k))

    points[7] = np.nan
    placed = place(some[100:], features=some[:100], points=points, k=5, neighbours=search)
    np.testing.assert_allclose(placed[1:], np.broadcast_to(points[42], (19, 2)))
    assert np.isnan(placed[0]).all()
    assert asked == [5]


def test_samples_without_a_place_are_no_neighbours_and_new_ones_may_be_broken() -> None:
    points = POINTS.copy()
    points[0] = np.nan
    new = np.array([[0.1, 0, 0], [np.nan, 0, 0], [0, np.inf, 0]], np.float32)
    placed = place(new, features=SQUARE, points=points, k=2)
    assert np.isnan(placed).all(axis=1).tolist() == [False, True, True]
    assert 0 < placed[0, 0] < 1
    assert place(new[0], features=SQUARE, points=POINTS, k=15).shape == (1, 2)


@pytest.mark.parametrize("name", ["pca", "lda", "class_directions"])
def test_a_map_places_exactly_and_survives_the_disk(
    digits: tuple[np.ndarray, np.ndarray], known: Given, name: str, tmp_path: Path
) -> None:
    some = digits[0][:120]
    found = project(name, some, known)
    assert found.placer is not None
    save_placer(tmp_path / "placer.npz", found.placer)
    placer = read_placer(tmp_path / "placer.npz")
    assert placer.kind == found.placer.kind
    np.testing.assert_array_equal(place(some, placer=placer), found.points)
    with pytest.raises(BadParameter, match="made of 64 numbers a sample; got 40"):
        place(some[:, :40], placer=placer)


def test_what_it_cannot_do(some: np.ndarray) -> None:
    with pytest.raises(BadParameter, match="takes a placer, or features and points"):
        place(some)
    with pytest.raises(BadParameter, match="made of 3 numbers a sample; got 64"):
        place(some, features=SQUARE, points=POINTS)
    with pytest.raises(BadParameter, match="got 'hamming'"):
        place(SQUARE, features=SQUARE, points=POINTS, metric="hamming")


@pytest.mark.parametrize("name", ["tsne", "pacmap"])
def test_what_was_left_out_lands_beside_its_own(digits: tuple[np.ndarray, np.ndarray], name: str) -> None:
    features, labels = digits[0][:800], digits[1][:800]
    laid = laid_out(name, features, Given(seed=1), most=600)
    rest = np.setdiff1d(np.arange(800), laid.fitted_rows)
    nearest = laid.fitted_rows[cdist(laid.points[rest], laid.points[laid.fitted_rows]).argmin(axis=1)]
    assert (labels[nearest] == labels[rest]).mean() > 0.9
