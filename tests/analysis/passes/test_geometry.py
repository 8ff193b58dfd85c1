"""The identities of the paper, on random heads and features."""

import numpy as np
import pytest

from analysis.passes.geometry import LinearHead, angles, geometry, margins, weight_distances


@pytest.fixture
def head() -> LinearHead:
    generator = np.random.default_rng(0)
    return LinearHead(generator.normal(size=(7, 12)), generator.normal(size=7))


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(200, 12)) * 3


def test_logits_are_rebuilt_from_lengths_and_angles(head, features):
    lengths = np.linalg.norm(features, axis=1)[:, None]
    rebuilt = np.linalg.norm(head.weight, axis=1) * lengths * np.cos(angles(features, head.weight)) + head.bias
    assert np.allclose(rebuilt, features @ head.weight.T + head.bias, rtol=0, atol=1e-10)


def test_angle_and_length_of_a_class_are_among_those_of_all(head, features):
    classes = np.arange(200) % 7
    found = geometry(features, head, classes)
    assert np.allclose(found.angle, angles(features, head.weight)[np.arange(200), classes], rtol=0, atol=1e-12)
    assert np.allclose(found.length, np.sqrt((features**2).sum(1)))


def test_the_margins_sign_is_correctness(head, features):
    classes = np.random.default_rng(2).integers(0, 7, 200)
    predicted = head.logits(features).argmax(1)
    assert np.array_equal(margins(features, head, classes) > 0, predicted == classes)
    assert 20 < (predicted == classes).sum() < 180  # both happen


def test_moving_by_the_margin_reaches_the_boundary_and_no_other_before(head, features):
    classes = head.logits(features).argmax(1)
    found = margins(features, head, classes)
    for x, y, margin in zip(features, classes, found, strict=True):
        logits = head.logits(x[None])[0]
        gaps = [(logits[y] - logits[j]) / np.linalg.norm(head.weight[y] - head.weight[j]) for j in range(7) if j != y]
        other = [j for j in range(7) if j != y][int(np.argmin(gaps))]
        normal = head.weight[other] - head.weight[y]
        normal /= np.linalg.norm(normal)
        assert head.logits((x + normal * margin * 0.999)[None])[0].argmax() == y
        assert head.logits((x + normal * margin * 1.001)[None])[0].argmax() == other


def test_by_hand():
    """Two classes along the axes: the boundary is the diagonal, shifted by the bias."""
    head = LinearHead(np.eye(2), np.array([1.0, 0.0]))
    found = geometry(np.array([[3.0, 4.0], [0.0, 2.0]]), head, np.array([0, 1]))
    assert np.allclose(found.length, [5, 2])
    assert np.allclose(found.angle, [np.arccos(0.6), 0])
    assert np.allclose(found.margin, [0, 1 / np.sqrt(2)])


def test_what_has_no_direction_has_no_angle_and_what_has_no_boundary_no_margin():
    head = LinearHead(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0.5, 0.0]))
    found = geometry(np.array([[0.0, 0.0], [1.0, 1.0]]), head, np.array([0, 0]))
    assert np.isnan(found.angle[0])
    assert found.angle[1] == pytest.approx(np.pi / 4)
    assert found.length[0] == 0
    assert np.isnan(found.margin).all()
    one = LinearHead(np.ones((1, 2)), np.zeros(1))
    assert np.isnan(margins(np.ones((3, 2)), one, np.zeros(3, int))).all()
    broken = margins(np.array([[np.nan, 1.0]]), LinearHead(np.eye(2), np.zeros(2)), np.array([0]))
    assert np.isnan(broken).all()


def test_weights_that_nearly_agree_keep_their_distance():
    weight = np.random.default_rng(3).normal(size=(3, 50)) * 1e3
    weight[1] = weight[0] + 1e-6 * np.arange(50)
    found = weight_distances(weight, np.array([0, 2]))
    exact = np.linalg.norm(weight[[0, 2]][:, None] - weight[None], axis=2)
    assert np.allclose(found, exact, rtol=1e-9, atol=0)
