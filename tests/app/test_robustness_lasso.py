"""Which points a lasso encloses, against the winding of angles around each point."""

import numpy as np
import pytest

from app.widgets.robustness.local_lasso import enclosed, inside


def winding(outline: np.ndarray, point: np.ndarray) -> int:
    """How often a closed outline goes around a point, by summing angles: 0 outside."""
    ends = outline - point
    turned = np.arctan2(*np.roll(ends, -1, axis=0).T[::-1]) - np.arctan2(*ends.T[::-1])
    return round(float(np.sum((turned + np.pi) % (2 * np.pi) - np.pi)) / (2 * np.pi))


@pytest.mark.parametrize("seed", range(5))
def test_against_the_winding_number(seed: int) -> None:
    chance = np.random.default_rng(seed)
    turn = np.sort(chance.uniform(0, 2 * np.pi, 23))
    far = chance.uniform(0.2, 1.0, 23)
    star = np.stack([far * np.cos(turn), far * np.sin(turn)], axis=1)
    points = chance.uniform(-1, 1, (500, 2))
    found = inside((star[:, 0].tolist(), star[:, 1].tolist()), points[:, 0], points[:, 1])
    assert found.tolist() == [winding(star, p) != 0 for p in points]
    assert 0 < found.sum() < 500


def test_a_closed_outline_is_the_same_and_a_hole_is_outside() -> None:
    x, y = np.array([0.5, 1.5, 2.5]), np.array([0.5, 0.5, 0.5])
    square = ([0, 3, 3, 0], [0, 0, 1, 1])
    closed = ([*square[0], 0], [*square[1], 0])
    assert inside(square, x, y).tolist() == inside(closed, x, y).tolist() == [True, True, True]
    twice = ([0, 3, 3, 0, 0, 1, 2, 2, 1, 1], [0, 0, 1, 1, 0, 0.2, 0.2, 0.8, 0.8, 0.2])  # crosses its own inner square
    assert inside(twice, x, y)[2]


def test_no_outline_no_numbers() -> None:
    x = np.array([0.5, np.nan])
    assert not inside(([0, 1], [0, 1]), x, x).any()
    assert not inside(([0, 1, np.inf], [0, 1, 0]), x, x).any()
    assert inside(([0, 1, 1, 0], [0, 0, 1, 1]), x, x).tolist() == [True, False]


def test_lassos_and_boxes_of_a_chart_add_up() -> None:
    x, y = np.array([0.0, 5.0, 9.0]), np.zeros(3)
    box, lasso = {"x": [-1, 1], "y": [1, -1]}, {"x": [4, 6, 5], "y": [-1, -1, 2]}
    assert enclosed({"box": [box], "lasso": [lasso], "points": [{}]}, x, y).tolist() == [True, True, False]
    assert enclosed({"points": [{}], "box": [], "lasso": []}, x, y) is None
