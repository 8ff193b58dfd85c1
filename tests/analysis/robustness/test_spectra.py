"""Spectra of batches, against numpy's transform."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from analysis.errors import BadParameter
from analysis.robustness import spectra


@pytest.fixture
def pixels() -> np.ndarray:
    """Twelve smooth pictures of 24 x 20, not square so that rows and columns cannot be exchanged unseen."""
    noise = np.random.default_rng(1).normal(size=(12, 24, 20, 3))
    smooth = ndimage.gaussian_filter(noise, (0, 1, 1, 0))
    return (127 + 300 * smooth).clip(0, 255).astype(np.uint8)


def test_it_is_the_mean_log_amplitude_of_numpys_transform(pixels):
    expected = np.zeros((24, 20))
    for image in pixels.astype(np.float64):
        for channel in range(3):
            expected += np.log1p(np.abs(np.fft.fft2(image[..., channel])) / np.sqrt(24 * 20))
    found = spectra.spectrum(pixels)
    assert found.dtype == np.float32
    assert np.allclose(found, np.fft.fftshift(expected / 36), atol=1e-5)


def test_tensors_and_several_portions_give_the_same(pixels, monkeypatch):
    whole = spectra.spectrum(pixels)
    monkeypatch.setattr(spectra, "_AT_ONCE", 5 * 24 * 20 * 3)
    assert np.allclose(spectra.spectrum(torch.from_numpy(pixels)), whole, atol=1e-6)


def test_one_wave_is_two_peaks_where_the_docstring_says():
    down, across = np.mgrid[:24, :20]
    wave = 127 + 100 * np.cos(2 * np.pi * (3 * down / 24 + 5 * across / 20))
    found = spectra.spectrum(wave.astype(np.uint8)[None, :, :, None])
    found[12, 10] = 0  # the mean
    assert {(int(r), int(c)) for r, c in zip(*np.where(found > 4), strict=True)} == {(15, 15), (9, 5)}


def test_a_changed_batch_is_closest_to_images_changed_alike(pixels):
    chance = np.random.default_rng(2)

    def noisy(images):
        return (images + chance.normal(0, 12, images.shape)).clip(0, 255).astype(np.uint8)

    def blurred(images):
        return ndimage.gaussian_filter(images, (0, 1, 1, 0))

    changes = (lambda images: images, noisy, blurred)
    references = np.stack([spectra.spectrum(change(pixels[:6])) for change in changes])
    for place, change in enumerate(changes):
        found = spectra.closest(spectra.spectrum(change(pixels[6:])), references)
        assert found.argmax() == place
        assert found.min() >= 0
    assert spectra.closest(references[1], references)[1] == 1


def test_likeness_by_hand():
    references = np.stack([np.zeros((4, 4)), np.full((4, 4), 2.0)]).astype(np.float32)
    assert spectra.closest(np.full((4, 4), 0.5, np.float32), references) == pytest.approx(np.exp([-0.5, -1.5]))


def test_rings_hold_their_frequencies():
    values = np.zeros((8, 16), np.float32)
    values[4, 7:10] = 7  # the mean, and half a cycle over 8 pixels
    values[4 + 2, 8], values[4, 8 + 4] = 5, 5  # both are 2 cycles over 8 pixels
    found = spectra.radial(values)
    assert found.shape == (5,)
    assert found[0] == 7
    assert found[2] > 0
    assert found[[1, 3, 4]].tolist() == [0, 0, 0]  # half a cycle is rounded to the even


@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (8, 8, 3)])
def test_what_is_no_batch_is_refused(shape):
    with pytest.raises(BadParameter, match="one at least"):
        spectra.spectrum(np.zeros(shape, np.uint8))


def test_spectra_of_other_sizes_are_refused():
    with pytest.raises(BadParameter, match="same size"):
        spectra.closest(np.zeros((8, 8), np.float32), np.zeros((2, 8, 9)))
