import numpy as np
import pytest
from scipy.stats import chi2_contingency
from sklearn.metrics import adjusted_rand_score

from analysis.errors import BadParameter, NotApplicable
from analysis.projections import clusters as module
from analysis.projections.clusters import CLUSTERINGS, cluster, clustered, describe
from analysis.projections.described import surprise
from models.errors import UnknownName


def blobs(width: int = 4, sizes: tuple[int, ...] = (300, 200, 100), seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Well parted groups in a mixed order: values (N, D), groups (N,) with 0 the largest."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    centres = rng.normal(size=(len(sizes), width))
    centres *= 30 / np.linalg.norm(centres, axis=1, keepdims=True)
    return (centres[truth] + rng.normal(size=(len(truth), width))).astype(np.float32), truth


@pytest.mark.parametrize(("method", "params"), [("hdbscan", {}), ("kmeans", {"k": 3})])
@pytest.mark.parametrize("width", [2, 4, 80])
def test_groups_are_found_and_the_largest_is_first(method: str, params: dict, width: int):
    values, truth = blobs(width)
    found = clustered(values, method, params)
    kept = found.labels >= 0
    assert kept.mean() > 0.95
    assert (found.labels[kept] == truth[kept]).all()
    assert found.labels.dtype == np.int32
    assert any("50 principal components of 80" in r for r in found.remarks) == (width == 80)


def test_sizes_fall():
    values = np.random.default_rng(0).normal(size=(2000, 3))
    sizes = np.bincount(cluster(values, "kmeans", k=12))
    assert (np.diff(sizes) <= 0).all()
    assert len(sizes) == 12


def test_of_many_samples_a_part_is_grouped_and_the_rest_goes_with_its_nearest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST", 400)
    values, truth = blobs(sizes=(2000, 1200, 800))
    found = clustered(values, "hdbscan", {"min_cluster_size": 60})
    assert adjusted_rand_score(truth, found.labels) > 0.95
    assert "400 of 4,000 samples" in found.remarks[0]
    assert "fewer than about 60" in found.remarks[0]
    assert cluster(values, "kmeans", k=3).max() == 2


def test_what_is_thin_belongs_to_none():
    values, _ = blobs()
    values = np.vstack([values, [[500.0, 0, 0, 0]]])
    assert cluster(values)[-1] == -1


def test_no_groups_are_said():
    found = clustered(np.random.default_rng(0).normal(size=(200, 10)), "hdbscan", {"min_cluster_size": 90})
    assert (found.labels == -1).all()
    assert "ask for smaller groups" in found.remarks[0]


def test_rows_that_are_not_finite_belong_to_none_and_are_counted():
    values, truth = blobs()
    values[[4, 70], 0] = np.nan
    found = clustered(values, "kmeans", {"k": 3})
    assert np.flatnonzero(found.labels < 0).tolist() == [4, 70]
    assert (np.delete(found.labels, [4, 70]) == np.delete(truth, [4, 70])).all()
    assert "2 of 600" in found.remarks[-1]


def test_twins_make_no_more_groups_than_there_are_samples():
    found = clustered(np.repeat(np.eye(3), 20, axis=0), "kmeans", {"k": 5})
    assert found.labels.max() == 2
    assert "only 3 different samples" in found.remarks[0]
    assert cluster(np.repeat(np.eye(3), 20, axis=0), "hdbscan", min_cluster_size=5).max() == 2


def test_the_seed_decides():
    values = np.random.default_rng(0).normal(size=(500, 3))
    one, again, other = (cluster(values, "kmeans", k=20, seed=s) for s in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_what_cannot_be_grouped_is_said():
    values, _ = blobs(sizes=(6, 4))
    with pytest.raises(BadParameter, match="11 groups were asked for, of 10 samples"):
        cluster(values, "kmeans", k=11)
    with pytest.raises(BadParameter, match="at least 20 was asked for, of 10 samples"):
        cluster(values)
    with pytest.raises(NotApplicable, match="All 30 samples have the same values"):
        cluster(np.ones((30, 3)))
    with pytest.raises(NotApplicable, match="1 of 3"):
        cluster(np.array([[1.0, 2], [np.nan, 1], [np.inf, 0]]))
    with pytest.raises(UnknownName, match="dbscan"):
        cluster(values, "dbscan")
    with pytest.raises(BadParameter, match="has no parameter 'n'"):
        cluster(values, "kmeans", n=3)


def test_each_method_says_what_it_is_and_has_knobs():
    assert [m.name for m in CLUSTERINGS] == ["hdbscan", "kmeans"]
    for method in CLUSTERINGS:
        assert method.note.reads
        assert method.note.paper
        assert all(p.range or p.type is bool for p in method.parameters)
        assert "seed" in method.bound()


def test_purity_and_lift_by_hand():
    labels = np.array([0, 0, 0, 0, 1, 1, 1, -1])
    truth = np.array([2, 2, 2, 1, 1, 1, -1, 0])
    values = np.arange(8.0)[:, None]
    first, second, none = describe(labels, values, truth, 3)
    assert (first.cluster, first.size, first.purity) == (0, 4, 0.75)
    assert first.classes == ((2, 3, pytest.approx((3 / 4) / (3 / 7))),)
    assert (second.cluster, second.size, second.purity) == (1, 3, 1.0)
    assert second.classes == ((1, 2, pytest.approx(1 / (3 / 7))),)
    assert (none.cluster, none.size, none.classes) == (-1, 1, ((0, 1, 7.0),))


def test_a_class_with_its_one_sample_here_does_not_come_first():
    truth = np.repeat([0, 1, 2], [500, 499, 1])
    labels = np.ones(1000, np.int64)
    labels[:200] = labels[999] = 0
    found = describe(labels, np.arange(1000.0)[:, None], truth, 3)
    here = next(c for c in found if c.cluster == 0)
    assert [c for c, _, _ in here.classes] == [0, 2]
    assert here.classes[1][2] > here.classes[0][2]  # though its lift is larger


def test_a_class_that_is_all_here_comes_before_one_that_is_partly_here():
    truth = np.repeat([0, 1, 2], [500, 500, 4000])
    labels = np.ones(5000, np.int64)
    labels[:700] = 0  # all of class 0, 200 of class 1
    assert [c for c, _, _ in describe(labels, np.arange(5000.0)[:, None], truth, 3)[0].classes] == [0, 1]


def test_surprise_is_the_likelihood_ratio_of_scipy():
    inside, overall = np.array([30, 5, 0, 1]), np.array([60, 100, 40, 1])
    for i, found in enumerate(surprise(inside, overall)):
        table = [
            [inside[i], inside.sum() - inside[i]],
            [overall[i] - inside[i], overall.sum() - inside.sum() - overall[i] + inside[i]],
        ]
        assert found == pytest.approx(chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic)


def test_exemplars_are_central_and_no_twins():
    values = np.array([[5.0], [0], [0], [1], [-1], [9], [-14], [np.nan]])
    labels = np.array([0, 0, 0, 0, 0, 0, 0, -1])
    first, none = describe(labels, values, np.full(8, -1), 2)
    assert first.exemplars == (1, 3, 4, 0, 5, 6)
    assert none.exemplars == ()


def test_without_labels_purity_is_not_defined():
    values, groups = blobs()
    found = describe(groups, values, np.full(600, -1), 0)
    assert [c.size for c in found] == [300, 200, 100]
    assert all(np.isnan(c.purity) and c.classes == () and len(c.exemplars) == 12 for c in found)


def test_lengths_must_agree():
    with pytest.raises(BadParameter, match="5, 4, 5"):
        describe(np.zeros(5, int), np.zeros((4, 2)), np.zeros(5, int), 1)
