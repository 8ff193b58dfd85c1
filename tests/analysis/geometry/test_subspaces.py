"""Class subspaces: as scipy's angles, as loops say, exact for planes that are known."""

import numpy as np
import pytest
from scipy.linalg import subspace_angles

from analysis.geometry import MEASURES, subspaces
from analysis.geometry.features import Features
from analysis.geometry.measures import subspace_classifier
from analysis.geometry.registry import Measured


def measured(name: str, features: Features, **params: int) -> Measured:
    return MEASURES[name].function(features, **params)


def flats(count: int = 300, width: int = 12, classes: int = 4, k: int = 2, noise: float = 0.0) -> Features:
    """Each class on its own k directions through the origin, no two alike."""
    random = np.random.default_rng(0)
    bases = np.linalg.qr(random.normal(size=(classes, width, k)))[0]
    labels = np.arange(count) % classes
    values = np.einsum("ndk,nk->nd", bases[labels], random.normal(size=(count, k)))
    return Features(values + noise * random.normal(size=values.shape), labels)


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("count", [40, 400])  # fewer of a class than features, and more
def test_axes_and_angles_are_those_of_svd_and_scipy(count: int, k: int):
    features = flats(count, 24, noise=0.3)
    bases = []
    for c in range(4):
        rows = features.values[features.labels == c]
        _, stretches, axes = np.linalg.svd(rows, full_matrices=False)
        bases.append(axes[:k].T)
        np.testing.assert_allclose(features.subspaces.squares[c], stretches[:8] ** 2 / len(rows))
        held = np.cumsum(stretches**2) / np.sum(stretches**2)
        np.testing.assert_allclose(measured("subspace_energy", features).arrays["per_class"][c], held[:8])
    found = measured("principal_angles", features, k=k)
    arcs, chords = measured("grassmann_distance", features, k=k), measured("grassmann_chordal", features, k=k)
    smallest = []
    for a in range(4):
        for b in range(a):
            angles = subspace_angles(bases[a], bases[b])
            smallest.append(np.degrees(angles.min()))
            assert found.arrays["smallest"][a, b] == pytest.approx(smallest[-1], rel=1e-5)
            assert found.arrays["largest"][a, b] == pytest.approx(np.degrees(angles.max()), rel=1e-5)
            assert arcs.arrays["distances"][a, b] == pytest.approx(np.sqrt(np.sum(angles**2)), rel=1e-5)
            apart = bases[a] @ bases[a].T - bases[b] @ bases[b].T
            assert chords.arrays["distances"][a, b] == pytest.approx(np.linalg.norm(apart) / np.sqrt(2), rel=1e-5)
    assert found.value == pytest.approx(np.mean(smallest))
    for matrix in (found.arrays["smallest"], arcs.arrays["distances"], chords.arrays["distances"]):
        np.testing.assert_array_equal(matrix, matrix.T)
        np.testing.assert_array_equal(np.diag(matrix), 0)


def test_planes_that_are_known():
    """Two planes that share a line and stand at 30 degrees; a third that has nothing of either."""
    turn = np.radians(30)
    bases = np.zeros((3, 6, 2))
    bases[0, 0, 0] = bases[0, 1, 1] = bases[1, 0, 0] = bases[2, 3, 0] = bases[2, 4, 1] = 1
    bases[1, 1:3, 1] = np.cos(turn), np.sin(turn)
    corners = np.array([[2, 0], [0, 1], [-2, 0], [0, -1.0]])
    features = Features(np.concatenate([corners @ basis.T for basis in bases]), np.repeat(np.arange(3), 4))
    found = measured("principal_angles", features, k=2)
    np.testing.assert_allclose(found.arrays["smallest"], [[0, 0, 90], [0, 0, 90], [90, 90, 0]], atol=1e-5)
    np.testing.assert_allclose(found.arrays["largest"], [[0, 30, 90], [30, 0, 90], [90, 90, 0]], atol=1e-5)
    far = np.pi / 2 * np.sqrt(2)
    arcs = measured("grassmann_distance", features, k=2)
    np.testing.assert_allclose(arcs.arrays["distances"], [[0, turn, far], [turn, 0, far], [far, far, 0]], atol=1e-6)
    assert arcs.value == pytest.approx((turn + 2 * far) / 3)
    np.testing.assert_array_equal(arcs.arrays["closest"][:2], [1, 0])


def test_many_classes_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch):
    axes = np.linalg.qr(np.random.default_rng(1).normal(size=(40, 12, 3)))[0]
    whole = subspaces.principal_angles(axes)
    monkeypatch.setattr(subspaces, "_BLOCK", 1000)
    np.testing.assert_allclose(subspaces.principal_angles(axes), whole, atol=1e-12)


def test_classes_that_span_too_little_are_left_out():
    features = flats(noise=0.0)
    assert measured("principal_angles", features, k=3).why == (
        "not defined here because fewer than two classes span 3 directions"
    )
    values = features.values.copy()
    values[features.labels == 1] = values[1]
    found = measured("principal_angles", Features(values, features.labels), k=2)
    np.testing.assert_array_equal(found.arrays["classes"], [0, 2, 3])
    assert "1 classes do not span 2 directions and are left out." in found.caveats


def test_one_direction_gives_length_times_cosine():
    random = np.random.default_rng(2)
    rows, axes = random.normal(size=(30, 7)), random.normal(size=(3, 7, 1))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    for i, row in enumerate(rows):
        for c in range(3):
            cosine = row @ axes[c, :, 0] / np.linalg.norm(row)
            found = subspaces.logits(rows, axes)[0, i, c]
            assert found == pytest.approx(np.linalg.norm(row) * abs(cosine))


def test_logits_are_lengths_of_projections():
    random = np.random.default_rng(3)
    axes = np.linalg.qr(random.normal(size=(4, 9, 3)))[0]
    rows = random.normal(size=(20, 9))
    for k in (1, 2, 3):
        expected = [[np.linalg.norm(axes[c, :, :k].T @ row) for c in range(4)] for row in rows]
        np.testing.assert_allclose(subspaces.logits(rows, axes)[k - 1], expected)


def test_classifier_knows_flats_and_nothing_of_chance(monkeypatch: pytest.MonkeyPatch):
    features = flats(400, noise=0.02)
    found = measured("subspace_classifier", features, k=2)
    assert found.value > 0.97
    assert found.samples == 400
    assert found.value == pytest.approx(1 - len(found.arrays["missed"]) / 400)
    assert found.arrays["by_k"][1] > found.arrays["by_k"][0]  # one direction is not a plane
    assert found.arrays["by_k"][1] == found.value
    assert found.arrays["by_k"][0] == measured("subspace_classifier", features, k=1).value
    assert len(found.arrays["by_k"]) == min(subspaces.MOST, features.width)
    shuffled = np.random.default_rng(4).permutation(features.labels)
    chance = measured("subspace_classifier", Features(features.values, shuffled), k=2)
    assert 0.15 < chance.value < 0.35  # samples that made the subspaces would do better
    monkeypatch.setattr(subspace_classifier, "_BLOCK", 100)
    assert measured("subspace_classifier", features, k=2).value == found.value


def test_a_class_of_one_sample_is_not_asked():
    features = flats(81, classes=4, noise=0.02)
    labels = features.labels.copy()
    labels[80] = 9
    found = measured("subspace_classifier", Features(features.values, labels), k=2)
    assert found.samples == 80
    assert np.isnan(found.arrays["per_class"][-1])


def spread(features: Features) -> list[float]:
    """The mean angle in each class, pair by pair."""
    found = []
    for c in np.unique(features.labels):
        rows = features.values[features.labels == c]
        units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        angles = [np.degrees(np.arccos(one @ two)) for i, one in enumerate(units) for two in units[:i]]
        found.append(np.mean(angles))
    return found


def test_variability_as_it_is_defined():
    features = flats(60, noise=0.3)
    found = measured("variability", features)
    np.testing.assert_allclose(found.arrays["per_class"], spread(features))
    assert found.value == pytest.approx(np.mean(spread(features)))
    assert found.low < found.value < found.high


def test_variability_of_many_samples_is_drawn():
    random = np.random.default_rng(5)
    values = random.normal(1, 1, (6000, 8))
    found = measured("variability", Features(values, np.arange(6000) % 4))
    assert found.samples == 2000
    other = measured("variability", Features(values, np.arange(6000) % 4, seed=1))
    assert found.low < other.value < found.high


def test_variability_ratio_is_one_less_class_separation():
    """Kornblith et al. 2021: 1 - mean within over mean of all pairs of classes, each class with itself among them."""
    features = flats(60, noise=0.3)
    units = features.values / np.linalg.norm(features.values, axis=1, keepdims=True)
    far = [
        [np.mean(1 - units[features.labels == a] @ units[features.labels == b].T) for b in range(4)] for a in range(4)
    ]
    assert measured("variability_ratio", features).value == pytest.approx(np.mean(np.diag(far)) / np.mean(far))


def test_collapsed_classes_do_not_vary():
    values = np.random.default_rng(6).normal(size=(5, 9))
    features = Features(np.repeat(values, 10, axis=0), np.repeat(np.arange(5), 10))
    assert measured("variability", features).value == pytest.approx(0, abs=1e-4)
    assert measured("variability_ratio", features).value == pytest.approx(0, abs=1e-10)
    assert measured("subspace_energy", features, k=1).value == pytest.approx(1)
    cosines = [abs(a @ b) / np.linalg.norm(a) / np.linalg.norm(b) for i, a in enumerate(values) for b in values[:i]]
    assert measured("principal_angles", features, k=1).value == pytest.approx(np.degrees(np.arccos(cosines)).mean())
