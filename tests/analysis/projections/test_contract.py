"""What every projection keeps to."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import get_args

import numpy as np
import pytest

from analysis.projections import PROJECTIONS
from analysis.projections.checking import project, project_jointly
from analysis.projections.prepared import Metric
from analysis.projections.registry import Given, Projected

NAMES = ("pca", "umap", "tsne", "pacmap", "lda", "class_directions", "aligned_umap")
QUICK = ("pca", "lda", "class_directions")
SLOW = ("umap", "aligned_umap")  # numba compiles for seconds before they begin
SHORT = {"umap": {"n_epochs": 30}, "aligned_umap": {"n_epochs": 30}, "tsne": {"n_iter": 50}}
every = pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in NAMES])


def laid(name: str, features: np.ndarray, given: Given) -> Projected:
    if PROJECTIONS[name].kind == "alone":
        return project(name, features, given, SHORT.get(name))
    return project_jointly(name, [features, features[:, :40]], given, SHORT.get(name))[0]


@pytest.fixture(scope="module")
def picture(some: np.ndarray, known: Given) -> Callable[[str], Projected]:
    """`some` laid out by a method, once."""
    return cache(lambda name: laid(name, some, known))


def test_all_are_there() -> None:
    assert {p.name for p in PROJECTIONS} == set(NAMES)
    assert {p.name for p in PROJECTIONS if p.quick} == set(QUICK)


@every
def test_every_sample_has_a_place(
    name: str, some: np.ndarray, known: Given, picture: Callable[[str], Projected]
) -> None:
    for dims, found in ((2, picture(name)), (3, laid(name, some, replace(known, dims=3)))):
        assert found.points.shape == (len(some), dims)
        assert found.points.dtype == np.float32
        assert np.isfinite(found.points).all()
        assert len(found.axes) == dims == len(set(found.axes))
        assert (found.points.std(axis=0) > 0).all()


@every
def test_the_same_is_laid_the_same_and_features_stay(
    name: str, some: np.ndarray, known: Given, picture: Callable[[str], Projected]
) -> None:
    features = some.copy()
    np.testing.assert_array_equal(laid(name, features, known).points, picture(name).points)
    np.testing.assert_array_equal(features, some)
    other = laid(name, some, replace(known, seed=5))
    assert np.array_equal(other.points, picture(name).points) != PROJECTIONS[name].seeded


@every
def test_classes_gather(name: str, known: Given, picture: Callable[[str], Projected]) -> None:
    points, labels = picture(name).points.astype(np.float64), known.labels
    assert labels is not None
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    alike = labels[:, None] == labels[None]
    assert apart[alike & (apart > 0)].mean() < 0.8 * apart[~alike].mean()


@pytest.mark.parametrize("name", QUICK)
def test_the_order_of_samples_does_not_matter(name: str, some: np.ndarray, known: Given) -> None:
    order = np.random.default_rng(1).permutation(len(some))
    labels = known.labels
    assert labels is not None
    straight = laid(name, some, known).points
    turned = laid(name, some[order], replace(known, labels=labels[order])).points
    np.testing.assert_allclose(turned, straight[order], atol=1e-4 * np.abs(straight).max())


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_of_it(name: str) -> None:
    method = PROJECTIONS[name]
    for text in (method.note.reads, method.note.fails):
        assert text.endswith(".")
        assert 60 < len(text) < 260
    assert any(year in method.note.paper for year in ("1901", "1936", "2008", "2018", "2021", "2024"))
    if method.knob:
        (turned,) = [p for p in method.parameters if p.name == method.knob]
        assert [turned.checked(step, name) for step in method.steps] == list(method.steps)
        assert len(method.steps) >= 3


def test_metrics_are_among_those_that_placing_knows() -> None:
    offered = {c for p in PROJECTIONS for q in p.parameters if q.name == "metric" for c in q.choices}
    assert offered == set(get_args(Metric))
