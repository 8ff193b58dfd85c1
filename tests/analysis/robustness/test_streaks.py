"""Motion blur by hand and against the reference."""

import numpy as np
import pytest
import torch

from analysis.robustness.streaks import streaked
from tests.analysis.robustness.reference.blur import smeared


def test_a_point_becomes_half_a_gaussian_to_the_left():
    """The kernel looks to the right, so what was there comes here."""
    image = torch.zeros(1, 1, 5, 21)
    image[0, 0, 2, 15] = 1
    found = streaked(image, 3, 2.0, torch.zeros(1))[0, 0] * 255
    weights = np.exp(-(np.arange(7) ** 2) / 8)
    expected = np.zeros((5, 21))
    expected[2, 9:16] = np.floor(255 * weights / weights.sum() + 0.5)[::-1]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("angles", [(-45, 0, 44, 45), (-135, -90, -46, -100)])
def test_angles_of_a_batch(angles: tuple[int, ...]):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 20, 24, 3), dtype=np.uint8)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    found = (streaked(images, 8, 4.0, torch.tensor(angles)) * 255).round().permute(0, 2, 3, 1).numpy()
    for ours, image, angle in zip(found, pixels, angles, strict=True):
        assert np.abs(ours - smeared(image, 8, 4.0, angle)).max() <= 1


def test_one_colour_stays():
    image = torch.full((2, 3, 9, 9), 77 / 255)
    found = streaked(image, 6, 3.0, torch.tensor([10.0, -30.0]))
    torch.testing.assert_close(found, image)
