import numpy as np
import pytest
from matplotlib.path import Path

from analysis.errors import BadParameter
from analysis.projections.density import bounds, commonest, contours, raster


def inside(points: np.ndarray, lines: list) -> float:
    """Share of points inside an odd number of lines."""
    crossed = sum(Path(np.column_stack([c.x, c.y])).contains_points(points).astype(int) for c in lines)
    return float((np.asarray(crossed) % 2).mean())


@pytest.mark.parametrize("islands", [1, 4])
def test_a_level_holds_its_share_of_the_samples(islands: int):
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(islands, 2)) * 8
    points = centres[rng.integers(0, islands, 20_000)] + rng.normal(size=(20_000, 2)) * [1.0, 0.5]
    found = contours(points.astype(np.float32))
    levels = sorted({c.level for c in found})
    np.testing.assert_allclose(levels, [0.1, 0.3, 0.5, 0.7, 0.9])
    fresh = centres[rng.integers(0, islands, 20_000)] + rng.normal(size=(20_000, 2)) * [1.0, 0.5]
    for level in levels:
        lines = [c for c in found if c.level == level]
        assert inside(points, lines) == pytest.approx(level, abs=0.005)
        assert inside(fresh, lines) == pytest.approx(level, abs=0.03)


def test_a_gaussians_median_line_is_the_circle_that_it_should_be():
    points = np.random.default_rng(1).normal(size=(50_000, 2)) * 10 + [500, -500]
    (line,) = contours(points, levels=[0.5])
    radius = np.hypot(line.x - 500, line.y + 500)
    assert radius.mean() == pytest.approx(10 * np.sqrt(2 * np.log(2)), rel=0.02)
    assert radius.std() < 0.6
    assert (line.x[0], line.y[0]) == (line.x[-1], line.y[-1])


def test_a_ring_has_a_hole():
    rng = np.random.default_rng(2)
    angle, radius = rng.uniform(0, 2 * np.pi, 20_000), rng.normal(10, 0.5, 20_000)
    points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    lines = contours(points, levels=[0.9])
    assert inside(np.zeros((1, 2)), lines) == 0
    assert inside(points, lines) == pytest.approx(0.9, abs=0.005)


def test_samples_without_a_point_and_far_ones_change_little():
    points = np.random.default_rng(0).normal(size=(10_000, 2))
    lone = np.vstack([points, [[1e6, 0]], np.full((3, 2), np.nan)])
    (line,), (alone,) = contours(lone, levels=[0.5]), contours(points, levels=[0.5])
    assert np.ptp(line.x) == pytest.approx(np.ptp(alone.x), rel=0.05)


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((0, 2)),
        np.random.default_rng(0).normal(size=(19, 2)),
        np.ones((100, 2)),
        np.column_stack([np.arange(100.0), np.ones(100)]),
        np.full((50, 2), np.nan),
    ],
)
def test_where_there_is_no_density_there_are_no_lines(points: np.ndarray):
    assert contours(points) == []


def test_nearly_all_points_on_a_line_are_drawn_without_trouble():
    points = np.column_stack([np.arange(10_000.0), np.ones(10_000)])
    points[5, 1] = 2
    assert all(np.isfinite(c.x).all() for c in contours(points))


def test_levels_are_shares():
    points = np.random.default_rng(0).normal(size=(100, 2))
    with pytest.raises(BadParameter, match="between 0 and 1"):
        contours(points, levels=[50.0])
    with pytest.raises(BadParameter, match="one level or more"):
        contours(points, levels=0)


def test_a_raster_counts_every_point_once():
    points = np.random.default_rng(0).normal(size=(10_000, 2)).astype(np.float32)
    box = bounds(points)
    counts = raster(points, box, 64)
    assert counts.sum() == 10_000
    expected, _, _ = np.histogram2d(
        points[:, 0].astype(float), points[:, 1].astype(float), 64, [[box[0], box[2]], [box[1], box[3]]]
    )
    assert np.abs(counts - expected.T[::-1]).sum() <= 20  # points on an edge between two cells


def test_the_top_of_a_raster_is_the_top_and_what_lies_beyond_is_not_counted():
    points = np.array([[0.1, 0.9], [0.9, 0.1], [0.9, 0.1], [1.5, 0.5], [np.nan, 0.5], [0.5, np.inf]])
    assert raster(points, (0, 0, 1, 1), 2).tolist() == [[1, 0], [0, 2]]


def test_cells_have_the_code_that_most_points_have():
    points = np.array([[0.1, 0.9], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1], [0.9, 0.1], [0.9, 0.9]])
    codes = np.array([7, 3, 3, 5, 2, -1])
    assert commonest(points, codes, (0, 0, 1, 1), 2).tolist() == [[3, -1], [-1, 2]]
    assert (commonest(points, np.full(6, -1), (0, 0, 1, 1), 2) == -1).all()


def test_bounds_are_never_empty():
    assert bounds(np.array([[1.0, 2], [3, 2], [np.nan, 9]])) == (1, 1.5, 3, 2.5)
    assert bounds(np.zeros((0, 2))) == (0, 0, 1, 1)
    with pytest.raises(BadParameter, match="left < right"):
        raster(np.zeros((1, 2)), (0, 0, 0, 1))
