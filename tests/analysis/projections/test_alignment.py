import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import procrustes as scipys

from analysis.errors import BadParameter, NotApplicable
from analysis.projections.alignment import displacement, procrustes


def cloud(dims: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(200, dims)).astype(np.float32) * np.arange(1, dims + 1)


def turn(dims: int, mirrored: bool) -> np.ndarray:
    found, _ = np.linalg.qr(np.random.default_rng(5).normal(size=(dims, dims)))
    found[:, 0] *= np.sign(np.linalg.det(found)) * (-1 if mirrored else 1)
    return found


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_scaled_and_shifted_copy_aligns_to_zero(dims: int, mirrored: bool):
    onto = cloud(dims)
    copy = (onto @ turn(dims, mirrored) * 0.3 - 4).astype(np.float32)
    aligned = procrustes(copy, onto)
    assert displacement(aligned.points, onto).max() < 1e-5
    assert aligned.residual < 1e-5
    assert aligned.scale == pytest.approx(1 / 0.3, rel=1e-4)
    assert np.sign(np.linalg.det(aligned.rotation)) == (-1 if mirrored else 1)


def test_it_is_scipys_solution():
    points, onto = cloud(2), cloud(2, 1) + cloud(2) * 0.7 + 3
    aligned = procrustes(points, onto)
    ours, theirs = points - points.mean(0), onto - onto.mean(0)
    rotation, strength = orthogonal_procrustes(ours, theirs)
    np.testing.assert_allclose(aligned.rotation, rotation, atol=1e-9)
    assert aligned.scale == pytest.approx(strength / (ours**2).sum())
    assert aligned.residual**2 == pytest.approx(scipys(onto, points)[2])


def test_only_shared_rows_decide_and_the_rest_is_taken_along():
    onto = cloud(2)
    points = onto @ turn(2, False) * 2
    points[:20], onto = np.nan, onto.copy()
    onto[20:40] = [np.inf, 0]
    whole = procrustes(points, onto)
    assert np.isnan(whole.points[:20]).all()
    np.testing.assert_allclose(whole.points[20:], cloud(2)[20:], atol=1e-5)
    assert np.flatnonzero(np.isnan(displacement(whole.points, onto))).tolist() == list(range(40))


def test_uploads_are_taken_along():
    onto = cloud(3)
    matrix = turn(3, True)
    aligned = procrustes(onto @ matrix + 7, onto)
    new = np.array([[1.0, 2, 3]])
    np.testing.assert_allclose(aligned.moved(new @ matrix + 7), new, atol=1e-5)


def test_displacement_is_in_radii():
    onto = np.array([[3.0, 4], [-3, -4]])  # radius 5
    np.testing.assert_allclose(displacement(onto + np.array([0, 1]), onto), [0.2, 0.2])
    assert np.isnan(displacement(np.ones((2, 2)), np.ones((2, 2)))).all()


def test_what_cannot_be_aligned_is_said():
    onto = cloud(2)
    with pytest.raises(BadParameter, match=r"\(200, 2\) and \(200, 3\)"):
        procrustes(onto, cloud(3))
    with pytest.raises(NotApplicable, match="there are 1"):
        procrustes(np.where(np.arange(200)[:, None] == 0, onto, np.nan), onto)
    with pytest.raises(NotApplicable, match="in one place"):
        procrustes(np.full((200, 2), 0.1, np.float32), onto)
