"""The Fourier basis and noise of one frequency, against numpy's transform."""

import numpy as np
import pytest
import torch

from analysis.robustness.applying import corrupted
from analysis.robustness.frequencies import by_frequency, half_plane, largest_extent, place, wave, with_wave


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 3), (-2, 5), (4, 4), (8, 10), (-8, 0)])
def test_a_wave_has_one_frequency_and_its_mirror_and_length_one(row, column):
    values = wave(16, 20, row, column).double().numpy()
    assert np.linalg.norm(values) == pytest.approx(1)
    amplitudes = np.abs(np.fft.fft2(values))
    there = {(int(r), int(c)) for r, c in zip(*np.where(amplitudes > 1e-4), strict=True)}
    assert there == {(row % 16, column % 20), (-row % 16, -column % 20)}


def test_different_frequencies_are_at_right_angles():
    waves = torch.stack([wave(15, 15, *pair).flatten() for pair in half_plane(15)]).double()
    assert torch.allclose(waves @ waves.T, torch.eye(len(waves)).double(), atol=1e-6)


def test_half_a_plane_and_its_mirrors_are_the_whole():
    seen = np.zeros((7, 7), int)
    for pair in half_plane(7):
        for cell in set(place(7, *pair)):
            seen[cell] += 1
    assert (seen == 1).all()
    assert next(half_plane(7)) == (0, 0)
    assert len(list(half_plane(31))) == 481


@pytest.mark.parametrize(("rows", "columns", "wanted", "side"), [(224, 224, 31, 31), (28, 32, 31, 27), (9, 9, 31, 9)])
def test_no_frequency_is_shown_twice(rows, columns, wanted, side):
    assert largest_extent(rows, columns, wanted) == side
    waves = [wave(rows, columns, *pair).numpy().tobytes() for pair in half_plane(side)]
    assert len(set(waves)) == len(waves)


def test_rings_of_a_map():
    values = np.full((5, 5), np.nan)
    values[2, 2] = 0.5
    values[1, 2], values[2, 3] = 0.2, 0.4
    assert by_frequency(values)[:2] == pytest.approx([0.5, 0.3])
    assert np.isnan(by_frequency(values)[2])


@pytest.mark.parametrize(("side", "norm"), [(32, 4.0), (224, 15.7)])
def test_the_corruption_is_of_that_norm_in_every_channel(side, norm):
    grey = np.full((6, side, side, 3), 127, np.uint8)
    found = corrupted(grey, np.arange(6), "single_frequency", 3, params={"row": 3, "column": -5})
    change = (found.astype(float) - 127) / 255
    lengths = np.sqrt((change**2).sum(axis=(1, 2)))
    assert lengths == pytest.approx(np.full((6, 3), norm), rel=0.03)
    expected = (wave(side, side, 3, -5) * norm).numpy()
    signs = np.sign((change * expected[None, :, :, None]).sum(axis=(1, 2)))
    assert np.abs(change - signs[:, None, None, :] * expected[None, :, :, None]).max() < 1.01 / 255
    assert set(signs.ravel()) == {-1, 1}


def test_a_given_norm_goes_before_that_of_the_severity():
    grey = np.full((1, 32, 32, 3), 127, np.uint8)
    found = corrupted(grey, np.zeros(1, int), "single_frequency", 1, params={"norm": 6.0})
    assert np.sqrt((((found - 127.0) / 255) ** 2).sum(axis=(1, 2))) == pytest.approx(np.full((1, 3), 6.0), rel=0.03)


def test_signs_are_of_channels():
    images = torch.zeros(1, 2, 8, 8)
    found = with_wave(images, wave(8, 8, 1, 1), 2.0, torch.tensor([[1.0, -1.0]]))
    assert torch.equal(found[:, 0], -found[:, 1])
    assert found[0, 0, 0, 0] > 0
