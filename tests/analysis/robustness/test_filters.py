"""Filters against scipy and Pillow."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from analysis.robustness.filters import blurred, boxed, filtered, zoomed

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.uniform(size=(2, 3, 30, 41)).astype(np.float32)


@pytest.mark.parametrize("border", ["nearest", "reflect"])
@pytest.mark.parametrize(("sigma", "truncate"), [(0.05, 4.0), (0.8, 4.0), (6.0, 3.0), (40.0, 3.0)])
def test_blurred(sigma: float, truncate: float, border: str):
    found = blurred(torch.from_numpy(IMAGES), sigma, border=border, truncate=truncate)
    theirs = ndimage.gaussian_filter(IMAGES.astype(float), (0, 0, sigma, sigma), mode=border, truncate=truncate)
    np.testing.assert_allclose(found.numpy(), theirs, atol=1e-5)


@pytest.mark.parametrize("side", [1, 3, 11, 17, 21])
def test_filtered(side: int):
    kernel = RANDOM.uniform(size=(side, side)) / side**2  # no symmetry: a correlation is no convolution
    found = filtered(torch.from_numpy(IMAGES), kernel).numpy()
    theirs = ndimage.correlate(IMAGES.astype(float), kernel[None, None], mode="mirror")
    np.testing.assert_allclose(found, theirs, atol=1e-5)


def test_an_empty_border_of_a_kernel_changes_nothing():
    kernel = np.pad(np.array([[0.0, 1, 0], [2, 3, 0], [0, 0, 0]]), 5)
    found = filtered(torch.from_numpy(IMAGES), kernel).numpy()
    np.testing.assert_allclose(found, ndimage.correlate(IMAGES, kernel[None, None], mode="mirror"), rtol=1e-5)


@pytest.mark.parametrize("size", [(16, 20), (27, 13), (7, 46), (28, 36)])
def test_boxed_down_and_up(size: tuple[int, int]):
    pixels = RANDOM.integers(0, 256, (32, 48), dtype=np.uint8)
    small = boxed(torch.from_numpy(pixels).float(), *size)
    theirs = Image.fromarray(pixels).resize(size[::-1], Image.Resampling.BOX)
    assert np.abs(small.numpy() - np.asarray(theirs)).max() <= 1  # Pillow's weights are whole numbers
    small = torch.from_numpy(np.asarray(theirs).astype(np.float32))
    large = boxed(small, 32, 48)
    np.testing.assert_array_equal(large.numpy(), np.asarray(theirs.resize((48, 32), Image.Resampling.BOX)))


@pytest.mark.parametrize("factor", [1.01, 1.13, 1.75, 2.5, 4.5])
def test_zoomed(factor: float):
    square = IMAGES[..., :30]
    found = zoomed(torch.from_numpy(square), factor).numpy()
    kept = int(np.ceil(30 / factor))
    top = (30 - kept) // 2
    middle = square[..., top : top + kept, top : top + kept].astype(float)
    large = ndimage.zoom(middle, (1, 1, factor, factor), order=1)
    trim = (large.shape[-1] - 30) // 2
    np.testing.assert_allclose(found, large[..., trim : trim + 30, trim : trim + 30], atol=1e-5)
