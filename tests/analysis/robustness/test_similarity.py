"""Distances, maps and trees against scipy, scikit-learn and plain loops."""

import time

import numpy as np
import pytest
from scipy.cluster import hierarchy
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist, squareform

from analysis.errors import NotApplicable
from analysis.robustness import similarity

CHANCE = np.random.default_rng(7)
PLANE = CHANCE.normal(size=(12, 2))
FLAT = squareform(pdist(PLANE))


def test_each_number_is_standardised_over_everything():
    numbers = {"angle": CHANCE.normal(1, 0.1, (3, 4, 50)), "length": CHANCE.normal(80, 20, (3, 4, 50))}
    found = similarity.standardised(numbers)
    assert found.shape == (3, 4, 2, 50)
    assert found.mean(axis=(0, 1, 3)) == pytest.approx([0, 0], abs=1e-5)
    assert found.std(axis=(0, 1, 3)) == pytest.approx([1, 1], abs=1e-5)


def test_missing_numbers_stay_missing_and_constants_become_zero():
    found = similarity.standardised({"margin": np.array([[1.0, np.nan], [3.0, 2.0]]), "angle": np.full((2, 2), 5.0)})
    assert np.isnan(found[:, 0]).tolist() == [[False, True], [False, False]]
    assert (found[:, 1] == 0).all()


@pytest.mark.parametrize("entries", [10, 9000])
def test_distances_are_scipys_over_the_root_of_entries(entries: int):
    vectors = CHANCE.normal(size=(7, entries)).astype(np.float32)
    vectors[4] = vectors[2]
    expected = squareform(pdist(vectors.astype(np.float64))) / np.sqrt(entries)
    found = similarity.distances(vectors)
    assert found == pytest.approx(expected, abs=1e-6)
    assert (found == found.T).all()
    assert (np.diag(found) == 0).all()


def test_what_one_lacks_is_left_out_of_that_pair_alone():
    vectors = CHANCE.normal(size=(4, 30))
    vectors[1, :10] = np.nan
    vectors[3] = np.nan
    found = similarity.distances(vectors)
    assert found[0, 1] == pytest.approx(np.sqrt(((vectors[0] - vectors[1])[10:] ** 2).mean()))
    assert found[0, 2] == pytest.approx(np.sqrt(((vectors[0] - vectors[2]) ** 2).mean()))
    assert np.isnan(found[3]).all()
    assert similarity.usable(found).tolist() == [0, 1, 2]
    assert similarity.leaf_order(found).tolist()[-1] == 3


def test_points_that_share_nothing_are_not_on_one_map():
    vectors = np.array([[1.0, np.nan], [np.nan, 1.0], [1.0, 2.0], [2.0, 2.0]])
    there = similarity.usable(similarity.distances(vectors))
    assert len(there) == 3
    assert {2, 3} <= set(there.tolist())


@pytest.mark.parametrize("layout", [similarity.classical, lambda d: similarity.mds(d).points])
def test_flat_distances_are_laid_out_exactly(layout):
    assert procrustes(PLANE, layout(FLAT))[2] < 1e-10


def test_majorisation_never_ends_worse_than_it_began():
    deep = squareform(pdist(CHANCE.normal(size=(30, 8))))
    start = similarity.classical(deep)
    before = np.sqrt(((squareform(pdist(start)) - deep) ** 2).sum() / (deep**2).sum())
    found = similarity.mds(deep)
    assert found.stress < before
    expected = np.sqrt(((squareform(pdist(found.points)) - deep) ** 2).sum() / (deep**2).sum())
    assert found.stress == pytest.approx(expected)
    assert (similarity.mds(deep).points == found.points).all()


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_points_are_laid_out_too(count: int):
    apart = FLAT[:count, :count]
    assert similarity.mds(apart).points.shape == (count, 2)
    assert similarity.spanning_tree(apart).shape == (max(count - 1, 0), 2)
    assert sorted(similarity.dendrogram(apart).leaves.tolist()) == list(range(count))


def test_networks_all_alike_lie_on_one_point():
    found = similarity.mds(np.zeros((5, 5)))
    assert found.stress == 0
    assert not found.points.any()
    assert len(similarity.spanning_tree(np.zeros((5, 5)))) == 4


def test_the_tree_is_prims():
    found = {tuple(sorted(e)) for e in similarity.spanning_tree(FLAT).tolist()}
    inside, expected = {0}, set()
    while len(inside) < 12:
        _, i, j = min((FLAT[i, j], i, j) for i in inside for j in range(12) if j not in inside)
        inside.add(j)
        expected.add(tuple(sorted((i, j))))
    assert found == expected
    lengths = [FLAT[i, j] for i, j in similarity.spanning_tree(FLAT)]
    assert lengths == sorted(lengths)


def test_the_dendrogram_joins_at_scipys_heights():
    found = similarity.dendrogram(FLAT)
    heights = hierarchy.linkage(squareform(FLAT), "average")[:, 2]
    assert np.sort(found.y[:, 1]) == pytest.approx(np.sort(heights))
    assert found.x.shape == found.y.shape == (11, 4)
    assert sorted(found.leaves.tolist()) == list(range(12))


def test_leaves_put_what_is_alike_side_by_side():
    groups = np.repeat([0, 1, 2], 4) * 100 + CHANCE.normal(size=12)
    shuffled = CHANCE.permutation(12)
    order = similarity.leaf_order(np.abs(groups[shuffled][:, None] - groups[shuffled]))
    assert (np.diff(shuffled[order] // 4) != 0).sum() == 2


def test_umap_is_seeded_and_keeps_groups():
    groups = squareform(pdist(np.repeat([[0, 0], [30, 0]], 12, axis=0) + CHANCE.normal(size=(24, 2))))
    first = similarity.umap(groups, seed=3, neighbours=6)
    again = similarity.umap_of({"distances": groups.tolist(), "seed": 3, "neighbours": 6})
    assert np.array(again["points"]) == pytest.approx(first.points)
    own = squareform(pdist(first.points))
    assert own[:12, :12].mean() < own[:12, 12:].mean()
    assert np.isnan(first.stress)


def test_umap_of_three_points_is_refused():
    with pytest.raises(NotApplicable, match="there are 3"):
        similarity.umap(FLAT[:3, :3])


def test_two_thousand_points_take_seconds_at_most():
    vectors = CHANCE.normal(size=(2000, 600)).astype(np.float32)
    began = time.process_time()
    apart = similarity.distances(vectors)
    similarity.mds(apart)
    similarity.spanning_tree(apart)
    assert time.process_time() - began < 12
