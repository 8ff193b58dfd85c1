import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness

from analysis.embeddings import Quality
from analysis.errors import BadParameter
from analysis.projections.quality import assess, warnings

NAN = float("nan")


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    features = (rng.normal(size=(6, 20))[rng.integers(0, 6, 300)] * 3 + rng.normal(size=(300, 20))).astype(np.float32)
    return features, (features[:, :2] + rng.normal(size=(300, 2))).astype(np.float32)


def written_out(features: np.ndarray, points: np.ndarray, k: int) -> np.ndarray:
    """(n,) share of strangers, a sample at a time."""
    ours, theirs = cdist(features.astype(np.float64), features), cdist(points.astype(np.float64), points)
    shares = []
    for i in range(len(features)):
        near = [[int(j) for j in np.argsort(d[i], kind="stable") if j != i][:k] for d in (ours, theirs)]
        shares.append(len(set(near[1]) - set(near[0])) / k)
    return np.array(shares)


@pytest.mark.parametrize("k", [1, 7, 15, 149])
def test_numbers_are_those_of_scikit_learn_scipy_and_a_loop(pair: tuple[np.ndarray, np.ndarray], k: int):
    features, points = pair
    quality, errors = assess(features, points, k=k)
    assert quality.trustworthiness == trustworthiness(features, points, n_neighbors=k)
    assert quality.continuity == trustworthiness(points, features, n_neighbors=k)
    strangers = written_out(features, points, k)
    np.testing.assert_allclose(errors, strangers, atol=1e-6)
    assert quality.overlap == pytest.approx(1 - strangers.mean(), abs=1e-6)
    assert quality.shepard == pytest.approx(spearmanr(pdist(features), pdist(points)).statistic, abs=1e-9)
    assert (quality.k, quality.samples, quality.notes) == (k, 300, ())


def test_a_picture_of_its_own_features_is_perfect(pair: tuple[np.ndarray, np.ndarray]):
    points = pair[1]
    quality, errors = assess(points, points * 7 + 100)
    assert quality.trustworthiness == quality.continuity == 1
    assert quality.overlap > 0.999
    assert quality.shepard > 0.999_99
    assert errors.max() < 0.1
    assert warnings(quality, "pca") == ()


def test_features_that_have_collapsed_far_from_the_origin_are_told_apart():
    rng = np.random.default_rng(0)
    near = rng.normal(size=(100, 8))
    features = 1000 + near * 1e-6
    assert assess(features, near)[0].overlap > 0.99


def test_cosine_is_followed():
    rng = np.random.default_rng(1)
    angle = rng.uniform(0, 2 * np.pi, 200)
    points = np.column_stack([np.cos(angle), np.sin(angle)])
    features = points * rng.uniform(1, 100, 200)[:, None]
    assert assess(features, points, metric="cosine")[0].overlap > 0.99
    assert assess(features, points)[0].overlap < 0.7


def test_of_many_samples_all_errors_are_against_the_part_that_is_drawn(pair: tuple[np.ndarray, np.ndarray]):
    features, points = pair
    quality, errors = assess(features, points, k=5, most=80, seed=4)
    drawn = np.sort(np.random.default_rng(4).choice(300, 80, replace=False))
    assert quality.samples == 80
    assert quality.trustworthiness == trustworthiness(features[drawn], points[drawn], n_neighbors=5)
    assert "80 of 300 samples" in quality.notes[0]
    assert "the 19 nearest of all" in quality.notes[0]
    ours, theirs = cdist(features, features[drawn]), cdist(points, points[drawn])
    for i in (0, 1, 2, int(drawn[0]), 299):
        out = drawn == i
        near = [set(np.argsort(np.where(out, np.inf, d[i]))[:5]) for d in (ours, theirs)]
        assert errors[i] == pytest.approx(len(near[1] - near[0]) / 5)


def test_the_seed_draws_the_part(pair: tuple[np.ndarray, np.ndarray]):
    one, again, other = (assess(*pair, most=80, seed=s)[0] for s in (1, 1, 2))
    assert one == again or one.to_json() == again.to_json()
    assert one.trustworthiness != other.trustworthiness


def test_twins_are_no_strangers():
    rng = np.random.default_rng(0)
    features = np.repeat(rng.normal(size=(5, 4)), 40, axis=0)
    points = np.repeat(rng.normal(size=(5, 2)), 40, axis=0) + rng.normal(size=(200, 2)) * 1e-4
    quality, errors = assess(features, points)
    assert errors.max() == 0
    assert quality.overlap == 1


def test_rows_without_features_or_place_are_left_out_and_counted(pair: tuple[np.ndarray, np.ndarray]):
    features, points = pair[0].copy(), pair[1].copy()
    features[3, 1], points[5] = np.nan, np.inf
    quality, errors = assess(features, points)
    kept = np.delete(np.arange(300), [3, 5])
    assert quality.samples == 298
    assert quality.trustworthiness == trustworthiness(features[kept], points[kept], n_neighbors=15)
    assert np.flatnonzero(np.isnan(errors)).tolist() == [3, 5]
    assert "2 of 300 samples" in quality.notes[0]


def test_few_samples_have_fewer_neighbours(pair: tuple[np.ndarray, np.ndarray]):
    quality, _ = assess(pair[0][:9], pair[1][:9])
    assert quality.k == 4
    assert "4 neighbours instead of 15" in quality.notes[0]
    assert 0 <= quality.trustworthiness <= 1
    assert assess(pair[0][:3], pair[1][:3])[0].k == 1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_samples_are_not_measured(pair: tuple[np.ndarray, np.ndarray], count: int):
    quality, errors = assess(pair[0][:count], pair[1][:count])
    assert np.isnan([quality.trustworthiness, quality.continuity, quality.overlap, quality.shepard]).all()
    assert np.isnan(errors).all()
    assert "Too few" in " ".join(quality.notes)
    assert warnings(quality, "pca") == ()


def test_equal_features_and_equal_points_are_said(pair: tuple[np.ndarray, np.ndarray]):
    features, points = pair
    for quality, word in (
        (assess(np.ones_like(features), points)[0], "same features"),
        (assess(features, np.ones_like(points))[0], "one place"),
    ):
        assert np.isnan(quality.overlap)
        assert word in quality.notes[-1]


def test_stability_is_what_is_left_after_turning(pair: tuple[np.ndarray, np.ndarray]):
    features, points = pair
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    quality, _ = assess(features, points, other_points=[points @ turn * 3 + 5, 2 - points])
    assert quality.seeds == 2
    assert quality.stability < 1e-6
    loose, _ = assess(features, points, other_points=[np.random.default_rng(0).permutation(points)])
    assert loose.stability > 0.5


def test_placement_is_the_distance_from_ones_place_in_the_pictures_radius(pair: tuple[np.ndarray, np.ndarray]):
    features, points = pair
    rows = np.array([2, 30, 77])
    radius = np.sqrt(((points - points.mean(0)) ** 2).sum(1).mean())
    quality, _ = assess(features, points, held=(rows, points[rows] + [[0.1, 0], [0, 0.3], [9, 0]]))
    assert quality.placement == pytest.approx(0.3 / radius, rel=1e-5)


def test_inputs_stay_as_they_are(pair: tuple[np.ndarray, np.ndarray]):
    before = [a.copy() for a in pair]
    assess(*pair)
    assert all((a == b).all() for a, b in zip(pair, before, strict=True))


def test_bad_arguments_are_named(pair: tuple[np.ndarray, np.ndarray]):
    with pytest.raises(BadParameter, match="at least 1 neighbour"):
        assess(*pair, k=0)
    with pytest.raises(BadParameter, match="features of 299 samples"):
        assess(pair[0][1:], pair[1])


def quality(trust: float = 1, cont: float = 1, overlap: float = 1, shepard: float = 1, **more: float) -> Quality:
    return Quality(15, 2000, trust, cont, overlap, shepard, **more)


def test_strangers_are_counted_in_words():
    (said,) = warnings(quality(overlap=0.67), "pca")
    assert said == (
        "One in three neighbours here is a stranger in the features: do not read single neighbours from this picture."
    )
    assert warnings(quality(overlap=0.5), "pca")[0].startswith("Half of the neighbours here are strangers")
    assert warnings(quality(overlap=0.33), "pca")[0].startswith("Two in three neighbours here are strangers")
    assert warnings(quality(overlap=0.75), "pca") == ()


def test_each_number_has_its_warning():
    assert "one group in the picture may be several" in warnings(quality(trust=0.85), "pca")[0]
    assert "several groups in the picture may be one" in warnings(quality(cont=0.85), "pca")[0]
    assert "do not compare distances" in warnings(quality(shepard=0.3), "pca")[0]
    assert "another seed" in warnings(quality(stability=0.4, seeds=2), "pca")[0]
    assert "40%" in warnings(quality(placement=0.4), "pca")[0]


def test_methods_have_theirs():
    assert warnings(quality(), "pca") == ()
    assert warnings(quality(), "tsne")[0].startswith("t-SNE keeps neighbours, not distances")
    assert "LDA was told the classes" in warnings(quality(), "lda")[0]
    assert len(warnings(quality(NAN, NAN, NAN, NAN), "umap")) == 1
