"""Probes, neighbours and indices of clusters, each against scikit-learn or its formula written out."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples, silhouette_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.preprocessing import StandardScaler

from analysis.geometry import MEASURES, nearest
from analysis.geometry.features import Features
from analysis.geometry.measures.probe import split
from analysis.geometry.registry import Measured


def measured(name: str, features: Features, **params: float | str) -> Measured:
    return MEASURES[name].function(features, **params)


def blobs(samples: int = 250, width: int = 6, classes: int = 4, spread: float = 1.0, seed: int = 0) -> Features:
    random = np.random.default_rng(seed)
    means = 1.5 * random.normal(size=(classes, width))
    labels = random.choice(classes, samples, p=(p := np.arange(1, classes + 1)) / p.sum())
    values = means[labels] + spread * random.normal(size=(samples, width)) * np.linspace(0.5, 2, width) + 3
    return Features(values, labels * 3, seed=seed)  # classes 0, 3, 6, 9: places are not labels


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_purity_as_scikit_learn_says(metric: str):
    features = blobs()
    found = measured("knn_purity", features, k=7, metric=metric)
    near = NearestNeighbors(n_neighbors=7, metric=metric).fit(features.values).kneighbors(return_distance=False)
    np.testing.assert_array_equal(found.arrays["neighbours"], near)
    expected = (features.labels[near] == features.labels[:, None]).mean(axis=1)
    np.testing.assert_allclose(found.arrays["purity"], expected)
    assert found.value == pytest.approx(expected.mean())
    assert found.samples == 250
    per_class = [expected[features.labels == label].mean() for label in (0, 3, 6, 9)]
    np.testing.assert_allclose(found.arrays["per_class"], per_class)


@pytest.mark.parametrize("k", [1, 5, 20])
def test_neighbour_probe_as_scikit_learn_says_of_each_sample_left_out(k: int):
    features = blobs(90, spread=2.0)
    found = measured("knn_accuracy", features, k=k)
    model, wrong = KNeighborsClassifier(k), []
    for i in range(90):
        rest = np.delete(np.arange(90), i)
        model.fit(features.values[rest], features.labels[rest])
        if model.predict(features.values[[i]])[0] != features.labels[i]:
            wrong.append(i)
    np.testing.assert_array_equal(found.arrays["wrong"], wrong)
    assert found.value == pytest.approx(1 - len(wrong) / 90)


def test_flipped_labels_are_among_the_least_pure():
    features = blobs(400, spread=0.4)
    labels = features.labels.copy()
    flipped = np.arange(0, 400, 20)
    labels[flipped] = np.where(labels[flipped] == 0, 9, 0)
    found = measured("knn_purity", Features(features.values, labels), samples=400)
    least = found.arrays["queries"][np.argsort(found.arrays["purity"])[:20]]
    assert len(np.intersect1d(least, flipped)) >= 18


def test_drawn_queries_beside_all_others(monkeypatch: pytest.MonkeyPatch):
    """In parts of rows and blocks of queries: the same as all at once; a part estimates the whole."""
    features = blobs(1500)
    whole = {name: measured(name, features, samples=1500) for name in ("knn_purity", "silhouette")}
    assert whole["silhouette"].value == pytest.approx(silhouette_score(features.values, features.labels))
    for name, expected in whole.items():
        found = measured(name, features)
        assert found.samples == 300
        assert found.low < expected.value < found.high
    monkeypatch.setattr(nearest, "ROWS", 64)
    monkeypatch.setattr(nearest, "_COLUMNS", 256)
    monkeypatch.setattr(nearest, "MOST", 170)
    again = Features(features.values, features.labels)
    for name, expected in whole.items():
        assert measured(name, again, samples=1500).value == pytest.approx(expected.value, rel=1e-12)


def test_only_samples_whose_class_is_known():
    features = blobs(200)
    labels = np.where(np.arange(200) % 3 == 0, -1, features.labels)
    values = features.values.copy()
    values[7] = np.nan
    some, kept = Features(values, labels), np.setdiff1d(np.flatnonzero(labels >= 0), [7])
    rest = Features(values[kept], labels[kept])
    for name in ("knn_purity", "knn_accuracy", "silhouette", "calinski_harabasz", "davies_bouldin", "fisher"):
        found = measured(name, some)
        assert found.value == pytest.approx(measured(name, rest).value), name
        assert found.samples == len(kept)
    np.testing.assert_array_equal(measured("knn_purity", some).arrays["queries"], kept)


def test_indices_of_clusters_as_scikit_learn_says():
    features = blobs()
    found = measured("silhouette", features)
    np.testing.assert_allclose(found.arrays["samples"], silhouette_samples(features.values, features.labels))
    expected = calinski_harabasz_score(features.values, features.labels)
    assert measured("calinski_harabasz", features).value == pytest.approx(expected)
    expected = davies_bouldin_score(features.values, features.labels)
    assert measured("davies_bouldin", features).value == pytest.approx(expected)


def test_indices_with_single_samples_as_scikit_learn_says():
    features = blobs(60)
    values, labels = np.vstack([features.values, [[9.0] * 6, [-9.0] * 6]]), np.append(features.labels, [20, 21])
    given = Features(values, labels)
    assert measured("silhouette", given).value == pytest.approx(silhouette_score(values, labels))
    assert measured("davies_bouldin", given).value == pytest.approx(davies_bouldin_score(values, labels))
    assert "2 classes have a single sample" in measured("davies_bouldin", given).caveats[0]
    assert measured("calinski_harabasz", given).value == pytest.approx(calinski_harabasz_score(values, labels))
    assert "4 classes have too few samples" in measured("knn_purity", given).caveats[0]
    assert np.isnan(measured("probe_linear", given).arrays["per_class"][-1])


def test_fisher_written_out():
    features = blobs()
    values, labels = features.values, features.labels
    within, between = np.zeros((6, 6)), np.zeros((6, 6))
    for label in np.unique(labels):
        rows = values[labels == label]
        apart = rows.mean(0) - values.mean(0)
        within += (rows - rows.mean(0)).T @ (rows - rows.mean(0))
        between += len(rows) * np.outer(apart, apart)
    found = measured("fisher", features)
    assert found.value == pytest.approx(np.trace(np.linalg.solve(within, between)))
    share = LinearDiscriminantAnalysis(solver="eigen").fit(values, labels).explained_variance_ratio_
    np.testing.assert_allclose(found.arrays["directions"][:3] / found.value, share[:3])
    single = measured("fisher_features", features)
    np.testing.assert_allclose(single.arrays["per_feature"], np.diag(between) / np.diag(within))
    assert single.value == pytest.approx(np.median(np.diag(between) / np.diag(within)))


@pytest.mark.parametrize("name", ["fisher", "calinski_harabasz"])
def test_intervals_are_those_of_leaving_each_sample_out(name: str):
    features = blobs(200)
    found, places = measured(name, features), np.arange(200)
    rest = [Features(features.values[places != i], features.labels[places != i]) for i in range(200)]
    factor = 195 / 196 if name == "calinski_harabasz" else 1.0  # which grows with the samples
    without = np.array([measured(name, one).value / factor for one in rest])
    half = 1.96 * np.sqrt(199 / 200 * np.square(without - without.mean()).sum())
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)


def test_fisher_where_channels_are_dead():
    """Channels that are always 0, and one that only classes change: said, not divided by."""
    features = blobs()
    dead = Features(np.pad(features.values, [(0, 0), (0, 3)]), features.labels)
    assert measured("fisher", dead).value == pytest.approx(measured("fisher", features).value)
    assert "3 features do not vary" in measured("fisher_features", dead).caveats[0]
    told = Features(np.column_stack([features.values, features.labels]), features.labels)
    assert "of the variance of class means lies where nothing varies within" in measured("fisher", told).caveats[0]
    assert "samples for 40 directions" in measured("fisher", blobs(100, 40)).caveats[0]


@pytest.mark.parametrize(("samples", "width", "classes"), [(400, 6, 4), (60, 200, 3), (120, 100, 5), (300, 6, 2)])
def test_linear_probe_is_ridge_regression_with_the_best_penalty(samples: int, width: int, classes: int):
    """Against scikit-learn with the penalty that generalised cross-validation, written out, finds best."""
    features = blobs(samples, width, classes, spread=2.0)
    train, test, _ = split(features)
    x, own = features.values[train] - features.values[train].mean(0), features.places[train]
    y = np.eye(len(features.classes))[own]
    y -= y.mean(0)
    s = np.linalg.svd(x, compute_uv=False)
    s = s[s > 1e-6 * s[0]]
    scores = {}
    for penalty in 10.0 ** np.arange(-7, 3) * np.mean(s**2):
        hat = x @ np.linalg.solve(x.T @ x + penalty * np.eye(width), x.T)
        scores[penalty] = np.square(y - hat @ y).sum() / (1 - (np.trace(hat) + 1) / len(x)) ** 2
    model = RidgeClassifier(alpha=min(scores, key=scores.__getitem__)).fit(features.values[train], own)
    right = model.predict(features.values[test]) == features.places[test]
    found = measured("probe_linear", features)
    assert found.value == pytest.approx(right.mean())
    np.testing.assert_array_equal(found.arrays["wrong"], test[~right])
    assert found.samples == len(test)
    assert found.caveats[0].startswith(f"Learnt from {len(train)} samples, asked of {len(test)}; ")


def test_logistic_probe_as_scikit_learn_says():
    features = blobs(300, spread=2.0)
    train, test, _ = split(features, 5000)
    scaler = StandardScaler().fit(features.values[train])
    model = LogisticRegression(C=0.1, max_iter=300).fit(
        scaler.transform(features.values[train]), features.labels[train]
    )
    expected = model.score(scaler.transform(features.values[test]), features.labels[test])
    assert measured("probe_logistic", features, strength=0.1).value == pytest.approx(expected)


def test_split_is_a_fifth_of_each_class():
    labels = np.repeat([0, 1, 2, 3, -1], [100, 11, 2, 1, 30])
    features = Features(np.random.default_rng(0).normal(size=(144, 3)), labels, seed=4)
    train, test, why = split(features)
    assert not why
    np.testing.assert_array_equal(np.bincount(labels[test]), [20, 2, 1])
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(114))
    np.testing.assert_array_equal(split(features)[1], test)
    assert not np.array_equal(split(Features(features.values, labels, seed=5))[1], test)


def test_probes_of_what_is_and_is_not_there():
    random = np.random.default_rng(0)
    labels = np.arange(400) % 4
    noise = Features(random.normal(size=(400, 5)), labels)
    told = Features(np.eye(4)[labels] + 0.05 * random.normal(size=(400, 4)), labels)
    for name in ("probe_linear", "probe_logistic", "knn_accuracy"):
        assert measured(name, told).value == 1
        assert measured(name, noise).value == pytest.approx(0.25, abs=0.15)
    assert measured("knn_purity", told).value == 1
    assert measured("silhouette", told).value > 0.8
    assert abs(measured("silhouette", noise).value) < 0.05
    assert measured("calinski_harabasz", noise).value == pytest.approx(1, abs=0.6)


def test_many_features_of_few_samples():
    """As wide as samples are many, where least squares without a penalty is at its worst."""
    random = np.random.default_rng(1)
    labels = np.arange(125) % 2
    values = random.normal(size=(125, 100))
    values[:, 0] += 6 * labels
    assert measured("probe_linear", Features(values, labels)).value > 0.85
