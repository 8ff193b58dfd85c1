"""Weights, means, angles, lengths and margins of the last layer, against loops over samples and classes."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestCentroid

from analysis.geometry import MEASURES
from analysis.geometry.features import Features
from analysis.geometry.registry import Measured


def measured(name: str, features: Features, **params: bool) -> Measured:
    return MEASURES[name].function(features, **params)


@pytest.fixture(scope="module")
def features() -> Features:
    random = np.random.default_rng(0)
    means = 1.2 * random.normal(size=(4, 6))
    labels = random.integers(0, 4, 150)
    values = np.maximum(means[labels] + random.normal(size=(150, 6)) + 0.5, 0) + 0.02
    labels[::10] = -1
    weight = means - 0.5 + 0.4 * random.normal(size=means.shape)
    return Features(values, labels, weight=weight, bias=random.normal(size=4))


def degrees(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))


def known(features: Features) -> list[tuple[int, np.ndarray, int]]:
    assert features.labels is not None
    pairs = zip(features.values, features.labels, strict=True)
    return [(i, h, int(y)) for i, (h, y) in enumerate(pairs) if y >= 0]


def test_weights(features: Features):
    weight = features.weight
    assert measured("weight_norms", features).value == pytest.approx(np.linalg.norm(weight, axis=1).mean())
    for centred in (False, True):
        vectors = weight - weight.mean(axis=0) if centred else weight
        angles = np.array(
            [[degrees(a, b) if i != j else 999 for j, b in enumerate(vectors)] for i, a in enumerate(vectors)]
        )
        found = measured("weight_angles", features, centred=centred)
        assert found.value == pytest.approx(angles.min())
        np.testing.assert_allclose(found.arrays["angles"], angles.min(axis=1))
        np.testing.assert_array_equal(found.arrays["closest"], angles.argmin(axis=1))
        off = ~np.eye(4, dtype=bool)
        np.testing.assert_allclose(found.arrays["cosines"][off], np.cos(np.radians(angles[off])), atol=1e-6)


def test_class_means(features: Features):
    means = np.stack([np.mean([h for _, h, y in known(features) if y == c], axis=0) for c in range(4)])
    centred = means - means.mean(axis=0)
    found = measured("class_mean_norms", features)
    np.testing.assert_allclose(found.arrays["norms"], np.linalg.norm(centred, axis=1))
    assert found.value == pytest.approx(np.linalg.norm(centred, axis=1).mean())
    smallest = min(degrees(centred[i], centred[j]) for i in range(4) for j in range(i))
    assert measured("class_mean_angles", features).value == pytest.approx(smallest)


def test_angles_and_lengths_of_samples(features: Features):
    middle = features.class_means.mean(axis=0)
    to_mean = {i: degrees(h - middle, features.class_means[y] - middle) for i, h, y in known(features)}
    to_weight = {i: degrees(h, features.weight[y]) for i, h, y in known(features)}
    for name, expected in (("angle_to_mean", to_mean), ("angle_to_weight", to_weight)):
        found = measured(name, features)
        assert found.value == pytest.approx(np.median(list(expected.values())))
        assert found.samples == len(expected)
        np.testing.assert_allclose(found.arrays["samples"][list(expected)], list(expected.values()))
        first = [angle for i, angle in expected.items() if features.labels[i] == 0]
        np.testing.assert_allclose(found.arrays["quantiles"][0], np.quantile(first, [0.05, 0.25, 0.5, 0.75, 0.95]))
    assert measured("length", features).value == pytest.approx(np.median(np.linalg.norm(features.values, axis=1)))


def test_margins(features: Features):
    logits = features.values @ features.weight.T + features.bias
    margins, distances = [], []
    for i, _, y in known(features):
        others = [j for j in range(4) if j != y]
        margins.append(logits[i, y] - max(logits[i, j] for j in others))
        gaps = [np.linalg.norm(features.weight[y] - features.weight[j]) for j in others]
        distances.append(min((logits[i, y] - logits[i, j]) / gap for j, gap in zip(others, gaps, strict=True)))
    assert measured("margin_logit", features).value == pytest.approx(np.median(margins))
    assert measured("margin_distance", features).value == pytest.approx(np.median(distances))


def test_the_distance_is_to_the_boundary():
    """Moved by it along the normal, a sample is on the boundary between two classes."""
    random = np.random.default_rng(3)
    weight, bias, h = random.normal(size=(3, 5)), random.normal(size=3), random.normal(size=(1, 5))
    label = int((h @ weight.T + bias).argmax())
    features = Features(h, np.array([label]), weight=weight, bias=bias)
    distance = float(measured("margin_distance", features).arrays["samples"][0])
    ends = []
    for j in set(range(3)) - {label}:
        normal = (weight[j] - weight[label]) / np.linalg.norm(weight[j] - weight[label])
        logits = (h[0] + distance * normal) @ weight.T + bias
        ends.append(logits[j] - logits[label])
    assert max(ends) == pytest.approx(0, abs=1e-12)


def test_margins_of_pairs(features: Features):
    logits = features.values @ features.weight.T + features.bias
    found = measured("pair_margins", features)
    for y in range(4):
        for j in set(range(4)) - {y}:
            gap = np.linalg.norm(features.weight[y] - features.weight[j])
            mine = features.labels == y
            expected = np.median((logits[mine, y] - logits[mine, j]) / gap)
            assert found.arrays["margins"][y, j] == pytest.approx(expected, rel=1e-5)
    assert np.isnan(np.diag(found.arrays["margins"])).all()
    assert found.value == pytest.approx(np.nanmin(found.arrays["margins"]), rel=1e-5)


@pytest.mark.parametrize("cosine", [False, True])
def test_nearest_means_leave_the_sample_out(features: Features, cosine: bool):
    """Against scikit-learn's centroids, fitted anew without each sample."""
    values, labels = (part[features.labels >= 0] for part in (features.values, features.labels))
    guesses = features.guesses[features.labels >= 0]
    found = []
    for i in range(len(values)):
        rest = np.arange(len(values)) != i
        means = NearestCentroid().fit(values[rest], labels[rest]).centroids_
        if cosine:
            found.append((means @ values[i] / np.linalg.norm(means, axis=1)).argmax())
        else:
            found.append(np.square(means - values[i]).sum(axis=1).argmin())
    form = "cosine_" if cosine else ""
    accuracy = measured(f"nearest_mean_{form}accuracy", features)
    assert accuracy.value == pytest.approx(np.mean(np.array(found) == labels))
    assert 0.3 < accuracy.value < 1
    agreement = measured(f"nearest_mean_{form}agreement", features)
    assert agreement.value == pytest.approx(np.mean(np.array(found) == guesses))
    where = np.flatnonzero(features.labels >= 0)[np.array(found) != guesses]
    np.testing.assert_array_equal(agreement.arrays["disagreeing"], where)


def test_a_class_of_one_sample_is_not_asked():
    values = np.array([[0.0, 0], [1, 0], [0, 9], [1, 9], [50, 50]])
    found = measured("nearest_mean_accuracy", Features(values, np.array([0, 0, 1, 1, 2])))
    assert (found.value, found.samples) == (1, 4)
    assert found.caveats == ("1 classes with a single sample are not asked.",)


def test_features_of_length_zero_have_no_direction():
    features = Features(
        np.array([[0.0, 0], [1, 0], [2, 1], [0, 2], [1, 9]]), np.array([0, 0, 0, 1, 1]), weight=np.eye(2)
    )
    assert measured("nearest_mean_cosine_accuracy", features).samples == 4
    assert measured("angle_to_weight", features).samples == 4
    assert measured("nearest_mean_accuracy", features).samples == 5


def test_rows_are_those_of_what_was_given():
    values = np.array([[np.nan, 0], [0, 0], [1, 0], [0, 9], [1, 9], [0, 8]])
    features = Features(values, np.array([0, 0, 0, 1, 1, 0]), predictions=np.array([0, 0, 0, 1, 1, 0]))
    np.testing.assert_array_equal(measured("nearest_mean_accuracy", features).arrays["wrong"], [5])


def test_the_sphere(features: Features):
    rows = np.array([i for i, _, _ in known(features)])
    labels = features.labels[rows]
    logits = features.values[rows] @ features.weight.T
    cosines = logits / np.linalg.norm(features.weight, axis=1) / np.linalg.norm(features.values[rows], axis=1)[:, None]
    right = (logits + features.bias).argmax(axis=1) == labels
    sphere = cosines.argmax(axis=1) == labels
    assert measured("sphere_accuracy", features).value == pytest.approx(sphere.mean())
    assert measured("sphere_gap", features).value == pytest.approx(right.mean() - sphere.mean())
    lengths = np.linalg.norm(features.values[rows], axis=1)
    for name, scores in (("sphere_length_tells", lengths), ("sphere_angle_tells", cosines.max(axis=1))):
        found = measured(name, features)
        assert found.value == pytest.approx(roc_auc_score(right, scores))
        assert found.low < found.value < found.high


def test_equal_weights_without_a_bias_are_read_by_angle_alone():
    random = np.random.default_rng(4)
    weight = np.linalg.qr(random.normal(size=(6, 6)))[0][:4]
    features = Features(random.normal(size=(80, 6)), random.integers(0, 4, 80), weight=weight)
    assert measured("sphere_gap", features).value == 0
    assert len(measured("sphere_gap", features).arrays["differing"]) == 0
