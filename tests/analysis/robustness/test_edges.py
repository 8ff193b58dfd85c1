"""Edges, distances and histograms against OpenCV."""

import cv2
import numpy as np
import pytest
import torch
from scipy import ndimage

from analysis.robustness.edges import canny, distances, equalised, smoothed


@pytest.fixture(params=[0, 1, 2])
def levels(request: pytest.FixtureRequest) -> np.ndarray:
    """Blobs over black, as spatter has them, and coarse steps with many ties."""
    noise = np.random.default_rng(request.param).normal(size=(4, 40, 50))
    blobs = ndimage.gaussian_filter(noise, (0, 1.5, 1.5))
    blobs = np.uint8(np.clip(128 + 250 * blobs, 0, 255))
    return np.where(blobs > 140, blobs, 0).astype(np.uint8) if request.param else blobs // 64 * 64


def test_canny(levels: np.ndarray):
    found = canny(torch.from_numpy(levels), 50, 150).numpy()
    assert found.any()
    for ours, image in zip(found, levels, strict=True):
        assert np.array_equal(ours, cv2.Canny(image, 50, 150) > 0)


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.2])
def test_distances(share: float):
    edges = np.random.default_rng(0).uniform(size=(3, 60, 80)) < share
    found = distances(torch.from_numpy(edges), 20.0).numpy()
    for ours, edge in zip(found, edges, strict=True):
        theirs = cv2.distanceTransform(np.uint8(~edge), cv2.DIST_L2, 5)
        np.testing.assert_allclose(ours, theirs.clip(max=20), atol=1e-2)


def test_no_edge_is_far_from_everything():
    assert (distances(torch.zeros(1, 9, 9, dtype=torch.bool), 20.0) == 20).all()


def test_equalised(levels: np.ndarray):
    few = levels // 12
    found = equalised(torch.from_numpy(few)).numpy()
    for ours, image in zip(found, few, strict=True):
        assert np.array_equal(ours, cv2.equalizeHist(image))


def test_one_level_stays():
    assert (equalised(torch.full((2, 5, 5), 20.0)) == 20).all()


def test_smoothed(levels: np.ndarray):
    found = smoothed(torch.from_numpy(levels).float()).numpy()
    for ours, image in zip(found, levels.astype(np.float32), strict=True):
        np.testing.assert_allclose(ours, cv2.blur(image, (3, 3)), atol=1e-3)
