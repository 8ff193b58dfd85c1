"""95 % intervals hold what the estimator says on average of such samples, in most of many draws."""

import numpy as np
import pytest

from analysis.geometry import MEASURES
from analysis.geometry.features import Features
from analysis.geometry.groups import GROUPS, grouped
from analysis.geometry.intervals import GROUPED
from analysis.geometry.registry import Measured

CLASSES, WIDTH, DRAWS = 10, 16, 100
MEASURED = (
    "nc1",
    "nc1_notebook",
    "nc1_trace",
    "class_mean_norms",
    "collapse_distance",
    "davies_bouldin",
    "fisher",
    "fisher_features",
    "calinski_harabasz",
    "nc2_mean_equiangularity",
    "nc2_mean_max_angle",
    "nc2_mean_norms",
    "nc2_mean_simplex",
    "nc3",
    "imbalance_orthogonality",
    "variability",
    "variability_ratio",
    "knn_purity",
    "knn_accuracy",
    "silhouette",
    "coding_rate",
    "coding_rate_reduction",
    "subspace_energy",
)


def drawn(seed: int, samples: int) -> Features:
    """Of one population: ten classes whose means stay, another draw of samples for each seed."""
    of_all, random = np.random.default_rng(0), np.random.default_rng(1000 + seed)
    means, weight = of_all.normal(size=(2, CLASSES, WIDTH))
    labels = np.repeat(np.arange(CLASSES), samples // CLASSES)
    values = means[labels] + random.normal(size=(samples, WIDTH))
    return Features(values, labels, weight=weight, class_names=tuple(map(str, range(CLASSES))), seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("samples", [200, 1000])
def test_intervals_hold_the_mean_over_draws(samples: int):
    found: dict[str, list[Measured]] = {name: [] for name in MEASURED}
    for seed in range(DRAWS):
        features = drawn(seed, samples)
        for name in MEASURED:
            found[name].append(MEASURES[name].function(features))
    held = {}
    for name, numbers in found.items():
        middle = np.mean([one.value for one in numbers])
        held[name] = np.mean([one.low <= middle <= one.high for one in numbers])
        wide = np.mean([one.high - one.low for one in numbers]) / np.std([one.value for one in numbers])
        assert wide < 8, (name, wide)  # 3.9 is that of a normal one
    assert min(held.values()) >= 0.88, held


@pytest.mark.parametrize("name", ["nc1", "nc1_trace", "nc2_mean_simplex", "davies_bouldin", "fisher_features", "nc3"])
def test_without_a_group_is_what_the_rest_alone_says(name: str):
    """The interval from sums is that from ten sets of features with the group's samples gone."""
    features = drawn(3, 230)
    groups, function = grouped(features), MEASURES[name].function
    assert features.labels is not None
    values = []
    for g in range(GROUPS):
        rest = groups != g
        alone = Features(features.values[rest], features.labels[rest], weight=features.weight)
        values.append(function(alone).value)
    error = np.sqrt(9 * np.var(values))
    found = function(features)
    assert found.interval == GROUPED
    exact = 1e-4 if name != "davies_bouldin" else 0.02  # there distances move by their slope
    assert (found.high - found.low) / 2 == pytest.approx(2.262157 * error, rel=exact)


def test_every_class_gives_to_the_groups_in_turn():
    labels = np.repeat([0, 1, 2, 3, 7], [40, 25, 3, 1, 12])
    features = Features(np.random.default_rng(0).normal(size=(81, 4)), np.append(labels[:-1], -1))
    groups = grouped(features)
    assert np.ptp(np.bincount(groups[groups >= 0], minlength=GROUPS)) <= 1
    for place, count in enumerate(features.counts):
        of_class = np.bincount(groups[(features.places == place) & (groups >= 0)], minlength=GROUPS)
        assert of_class.sum() == (count if count > 1 else 0)
        assert np.ptp(of_class) <= 1
    assert groups[-1] == -1


def test_where_many_classes_have_a_single_sample_there_is_no_interval():
    random = np.random.default_rng(0)
    features = Features(random.normal(size=(40, 8)), np.r_[np.repeat(np.arange(10), 3), np.arange(10, 20)])
    assert features.group_sums is None
    assert np.isnan(MEASURES["class_mean_norms"].function(features).low)


@pytest.mark.slow
@pytest.mark.parametrize("samples", [200, 1000])
@pytest.mark.parametrize("name", ["cka", "rbf_cka", "rsa", "svcca", "procrustes", "mutual_neighbours"])
def test_intervals_of_pairs_hold_the_mean_over_draws(samples: int, name: str):
    """A sample is among others' neighbours too: with its own share of them alone, the interval would be too narrow."""
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(WIDTH, WIDTH)))[0]
    found: list[Measured] = []
    for seed in range(DRAWS):
        one, noise = drawn(seed, samples), np.random.default_rng(seed).normal(size=(samples, WIDTH))
        two = Features(np.maximum(one.values @ turn + 0.3 * noise, 0), seed=seed)
        found.append(MEASURES[name].function(one, two))
    middle = np.mean([one.value for one in found])
    assert np.mean([one.low <= middle <= one.high for one in found]) >= 0.88


@pytest.mark.parametrize("name", ["knn_purity", "knn_accuracy", "nearest_mean_accuracy"])
def test_a_share_of_all_has_a_width(name: str):
    """Classes far apart: every sample is right, of few samples no proof that all would be."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 14)
    found = MEASURES[name].function(Features(100 * np.eye(3)[labels] + random.normal(size=(42, 3)), labels))
    assert (found.value, found.high) == (1, 1)
    assert 0.85 < found.low < 0.95


def test_no_interval_passes_what_a_measure_can_be():
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 60)
    noise, other = (Features(random.normal(size=(60, 40)), labels) for _ in range(2))
    for name in ("knn_purity", "collapse_distance", "imbalance_orthogonality", "subspace_energy"):
        found = MEASURES[name].function(noise)
        assert np.isnan(found.low) or 0 <= found.low <= found.value <= found.high <= 1, name
    for name, low, high in (("mutual_neighbours", 0, 1), ("procrustes", 0, 2), ("cka", -1, 1), ("rbf_cka", -1, 1)):
        for two in (noise, other):
            found = MEASURES[name].function(noise, two)
            assert low <= found.value <= high + 1e-12, name
            assert found.low >= low or np.isnan(found.low), name
            assert found.high <= max(high, found.value) or np.isnan(found.high), name


@pytest.mark.parametrize("name", ["cka", "rbf_cka", "procrustes"])
def test_a_few_samples_have_no_interval_of_likeness(name: str):
    random = np.random.default_rng(0)
    found = MEASURES[name].function(*(Features(random.normal(size=(6, 3))) for _ in range(2)))
    assert np.isfinite(found.value)
    assert np.isnan(found.low)
    assert "6 samples are too few for an interval." in found.caveats
