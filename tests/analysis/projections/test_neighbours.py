from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from analysis.errors import BadParameter, NotApplicable
from analysis.projections import exact
from analysis.projections.neighbours import Index, nearest, recall, table


def groups(count: int, width: int = 16, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(20, width)) * 2
    return (centres[rng.integers(0, 20, count)] + rng.normal(size=(count, width))).astype(np.float32)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("queries", [1, 3, 50])
def test_they_are_scikit_learns(metric: str, queries: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exact, "BLOCK", 1 << 12)  # many blocks
    features = groups(2000)
    asked = groups(queries, seed=7)
    indices, distances = nearest(features, asked, 10, metric)
    apart, found = (
        NearestNeighbors(n_neighbors=10, algorithm="brute", metric=metric)
        .fit(features.astype(np.float64))
        .kneighbors(asked.astype(np.float64))
    )
    assert (indices == found).all()
    np.testing.assert_allclose(distances, apart, atol=1e-6)
    assert (indices.dtype, distances.dtype) == (np.int64, np.float32)


def test_samples_in_the_order_of_their_distance_are_found_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exact, "BLOCK", 1 << 12)
    features = np.linspace(100, 1, 3000)[:, None] * np.ones((1, 4))
    assert nearest(features, np.zeros((6, 4)), 3, "euclidean")[0].tolist() == [[2999, 2998, 2997]] * 6


def test_features_may_stay_on_the_disk(tmp_path: Path):
    features = groups(3000)
    np.save(tmp_path / "features.npy", features)
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    one, other = nearest(mapped, mapped[17], 5), nearest(features, features[17], 5)
    assert (one[0] == other[0]).all()
    assert one[0][0, 0] == 17
    assert one[1][0, 0] == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("queries", [1, 8])
def test_twins_come_in_their_order_at_distance_zero(queries: int):
    features = groups(500)
    features[[40, 300, 450]] = features[7] = 1000 + features[7]
    indices, distances = nearest(features, np.repeat(features[7:8], queries, axis=0), 4, "euclidean")
    assert indices.tolist() == [[7, 40, 300, 450]] * queries
    assert (distances == 0).all()


@pytest.mark.parametrize("queries", [2, 30])
def test_collapsed_features_are_told_apart(queries: int):
    near = groups(800)
    features = 100 + near.astype(np.float64) * 1e-6
    assert (
        nearest(features, features[:queries], 6, "euclidean")[0] == nearest(near, near[:queries], 6, "euclidean")[0]
    ).all()


def test_a_row_of_zeros_is_at_cosine_distance_one():
    features = np.array([[1.0, 0], [0, 0], [-1, 0]])
    indices, distances = nearest(features, np.array([2.0, 0]), 3)
    assert indices.tolist() == [[0, 1, 2]]
    np.testing.assert_allclose(distances, [[0, 1, 2]])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("queries", [1, 9])
def test_rows_that_are_not_finite_are_never_found(metric: str, queries: int):
    features = groups(40)
    features[[3, 9]], features[20, 2] = np.nan, np.inf
    indices, distances = nearest(features, groups(queries, seed=1), 37, metric)
    assert set(indices[0].tolist()) == set(range(40)) - {3, 9, 20}
    assert np.isfinite(distances).all()
    with pytest.raises(BadParameter, match="only 37 of 40"):
        nearest(features, groups(queries, seed=1), 38, metric)


def test_what_cannot_be_asked_is_said():
    features = groups(30)
    with pytest.raises(BadParameter, match="from 1 to 30"):
        nearest(features, features[0], 31)
    with pytest.raises(BadParameter, match="cosine, euclidean; got 'hamming'"):
        nearest(features, features[0], 3, "hamming")
    with pytest.raises(BadParameter, match="widths must agree"):
        nearest(features, np.zeros(5), 3)
    with pytest.raises(NotApplicable, match="1 of 2 queries"):
        nearest(features, np.vstack([features[0], np.full(16, np.nan)]), 3)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_an_index_finds_nearly_all(metric: str):
    features = groups(6000)
    features[5] = np.nan
    index = Index(features, metric, seed=1)
    assert index.cells > 50
    queries = features[100:300] + groups(200, seed=9) * np.float32(0.05)
    found, apart = index.query(queries, 10)
    right, distances = nearest(features, queries, 10, metric)
    share = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, right, strict=True)])
    assert share > 0.95
    same = found == right
    np.testing.assert_allclose(apart[same], distances[same], atol=1e-5)
    assert (np.diff(apart, axis=1) >= 0).all()
    assert recall(index, features, 10, seed=3) == pytest.approx(share, abs=0.04)


def test_recall_counts_what_is_missed():
    features = groups(6000)
    index = Index(features, "euclidean")
    index._lists.nprobe = index.cells
    assert recall(index, features, 10) == 1
    index._lists.nprobe = 1
    few = recall(index, features, 10, queries=300)
    rows = np.random.default_rng(0).choice(6000, 300, replace=False)
    found, right = index.query(features[rows], 11)[0], nearest(features, features[rows], 11, "euclidean")[0]
    hits = [len((set(a) & set(b)) - {own}) / 10 for a, b, own in zip(found, right, rows, strict=True)]
    assert few == pytest.approx(np.mean(hits), abs=1e-9)
    assert few < 0.9


def test_an_index_of_a_few_samples_is_exact():
    features = groups(12)
    assert (Index(features).query(features, 4)[0] == nearest(features, features, 4)[0]).all()


def test_the_same_seed_makes_the_same_index():
    features = groups(4000)
    one, other = (Index(features, "cosine", seed=2).query(features[:50], 10) for _ in range(2))
    assert (one[0] == other[0]).all()


def test_an_index_of_nothing_is_refused():
    with pytest.raises(NotApplicable, match="None of 5 samples"):
        Index(np.full((5, 3), np.nan, np.float32))
    features = groups(12)
    features[4:] = np.nan
    few = Index(features)
    with pytest.raises(NotApplicable, match="9 neighbours"):
        few.query(features[:1], 9)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("most", [10_000, 500])
def test_a_table_has_the_others_of_every_sample(metric: str, most: int):
    features = groups(3000)
    features[11] = np.nan
    features[12] = features[13]
    found = table(features, 6, metric, most=most)
    right = nearest(features, np.nan_to_num(features), 7, metric)
    assert found.exact == (most == 10_000)
    assert not (found.indices == np.arange(3000)[:, None]).any()
    assert (found.indices[11] == -1).all()
    assert np.isinf(found.distances[11]).all()
    assert found.indices[[12, 13], 0].tolist() == [13, 12]
    share = np.mean([len(set(a) & set(b)) / 6 for a, b in zip(found.indices, right[0], strict=True)])
    assert share > 0.95
    assert found.recall == pytest.approx(share, abs=0.04)
    if found.exact:
        rest = np.delete(np.arange(3000), [11, 12, 13])
        met = [np.sort(np.where(i == 13, 12, i), axis=1) for i in (found.indices[rest], right[0][rest, 1:])]
        assert (met[0] == met[1]).mean() > 0.999  # one of the twins may be the seventh
        np.testing.assert_allclose(found.distances[rest], right[1][rest, 1:], atol=1e-5)


def test_a_table_needs_samples():
    with pytest.raises(NotApplicable, match="5 neighbours of each sample"):
        table(groups(5), 5)
    with pytest.raises(BadParameter, match="got 'dot'"):
        table(groups(50), 5, "dot")
