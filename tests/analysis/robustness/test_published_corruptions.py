"""The nineteen against the slow reference, which works on one image at a time in float64."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from skimage import data
from skimage.transform import resize

from analysis.robustness import CORRUPTIONS
from analysis.robustness.applying import corrupted
from tests.analysis.robustness.reference import blur, digital, noise, weather
from tests.analysis.robustness.reference.chance import Fed, Free
from tests.analysis.robustness.reference.levels import TABLES

SIDES = {"cifar": 32, "tiny": 64, "imagenet": 224}
MODULES = (noise, blur, weather, digital)
NAMES = list(TABLES["cifar"])
RANDOM = [n for n in NAMES if CORRUPTIONS[n].random]


def reference(name: str) -> Callable[..., np.ndarray]:
    return next(getattr(m, name) for m in MODULES if hasattr(m, name))


@cache
def photos(side: int) -> np.ndarray:
    """Three photographs and the colours that are hard: black, white, grey, pure ones."""
    pictures = [data.astronaut(), data.chelsea()[:, 60:360], data.coffee()[:, 100:500]]
    small = [np.uint8(resize(p, (side, side), anti_aliasing=True) * 255) for p in pictures]
    hard = np.random.default_rng(0).choice(np.array([0, 0, 1, 127, 254, 255], np.uint8), (side, side, 3))
    hard[: side // 4] = hard[: side // 4, :, :1]
    return np.stack([*small, hard])


def test_nineteen_and_which():
    found = [m for m in CORRUPTIONS if m.benchmark or m.extra]
    assert {m.name for m in found} == set(NAMES)
    assert sum(m.benchmark for m in found) == 15
    assert {m.name for m in found if m.extra} == {"speckle_noise", "gaussian_blur", "spatter", "saturate"}


@pytest.mark.parametrize("table", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_levels(name: str, table: str):
    ours, theirs = CORRUPTIONS[name].levels[table], TABLES[table][name]
    assert len(ours) == 5
    np.testing.assert_allclose(np.array(ours, float), np.array(theirs, float), rtol=1e-12)


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("table", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_same_image_from_same_chance(name: str, table: str, severity: int):
    images = photos(SIDES[table])
    if table == "imagenet":
        images = images[[0, 3]]
    level = TABLES[table][name][severity - 1]
    ours = corrupted(images, np.arange(7, 7 + len(images)), name, severity, seed=3)
    for place, (image, found) in enumerate(zip(images, ours, strict=True), start=7):
        expected = np.uint8(reference(name)(image, level, Fed(3, name, place)) + 1e-6)
        assert np.abs(expected.astype(int) - found).max() <= 1
        assert (expected == found).mean() > 0.9


def spectrum(images: np.ndarray) -> np.ndarray:
    """Mean power in five rings of frequency, of the images' values without their overall mean."""
    values = images.astype(np.float64).mean(-1)
    power = (np.abs(np.fft.fft2(values - values.mean())) ** 2).mean(0)
    line = np.fft.fftfreq(power.shape[0])
    ring = np.digitize(np.hypot(line, line[:, None]), [0.1, 0.2, 0.3, 0.45])
    return np.array([power[ring == r].sum() for r in range(5)])


@pytest.mark.slow
@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize("name", RANDOM)
def test_free_chance_agrees_in_distribution(name: str, severity: int):
    count = 2000
    image = photos(32)[0]
    level = TABLES["cifar"][name][severity - 1]
    ours = corrupted(np.repeat(image[None], count, 0), np.arange(count), name, severity)
    chance = Free(1)
    theirs = np.stack([np.uint8(reference(name)(image, level, chance)) for _ in range(count)])
    assert ours.mean() == pytest.approx(theirs.mean(), rel=0.02)
    assert ours.var() == pytest.approx(theirs.var(), rel=0.02)
    np.testing.assert_allclose(spectrum(ours), spectrum(theirs), rtol=0.02)


@pytest.mark.gpu
@pytest.mark.parametrize("table", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_same_image_on_a_gpu(name: str, table: str):
    import torch

    images = photos(SIDES[table])
    for severity in (1, 3, 5):
        here = corrupted(images, np.arange(4), name, severity)
        there = corrupted(torch.from_numpy(images).cuda(), np.arange(4), name, severity).cpu().numpy()
        off = np.abs(here.astype(int) - there)
        assert (off > 1).mean() < 1e-3  # a last bit decides where an edge of spatter is
