"""Hue, white balance, grey, swapped channels and fewer bits, against colorsys, Pillow and by hand."""

import colorsys
from itertools import permutations

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from analysis.robustness import CORRUPTIONS
from analysis.robustness.applying import corrupted

PLACES = np.arange(16)
NAMES = ("hue", "colour_cast", "colour_grey", "colour_swap", "colour_depth")


@pytest.fixture
def pixels() -> np.ndarray:
    """Sixteen images of chance colours, the first row grey, the second of primaries."""
    found = np.random.default_rng(5).integers(0, 256, (16, 6, 7, 3), np.uint8)
    found[:, 0] = found[:, 0, :, :1]
    found[:, 1, :3] = 255 * np.eye(3, dtype=np.uint8)
    return found


def with_hue(image: np.ndarray, turn: float) -> np.ndarray:
    found = np.empty(image.shape)
    for place in np.ndindex(image.shape[:2]):
        hue, saturation, value = colorsys.rgb_to_hsv(*(image[place] / 255))
        found[place] = colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value)
    return found * 255


@pytest.mark.parametrize(("severity", "degrees"), [(1, 20), (3, 75), (5, 180)])
def test_hue_turns_to_one_side_or_the_other(pixels, severity, degrees):
    found = corrupted(pixels, PLACES, "hue", severity).astype(float)
    sides = []
    for image, ours in zip(pixels, found, strict=True):
        left, right = (np.abs(with_hue(image, sign * degrees / 360) - ours).max() for sign in (1, -1))
        assert min(left, right) <= 1 + 1e-9
        sides.append(left < right)
    assert degrees == 180 or 2 < sum(sides) < 14


@pytest.mark.parametrize("way", ["warm", "cold"])
def test_a_cast_lifts_one_end_and_lowers_the_other(pixels, way):
    found = corrupted(pixels, PLACES, "colour_cast", 3, params={"way": way})
    gains = np.array([1.3, 1, 0.7] if way == "warm" else [0.7, 1, 1.3])
    assert np.abs(found - (pixels * gains).clip(0, 255)).max() <= 1


def test_casts_are_warm_or_cold(pixels):
    found = corrupted(pixels, PLACES, "colour_cast", 3)
    ends = [corrupted(pixels, PLACES, "colour_cast", 3, params={"way": way}) for way in ("warm", "cold")]
    which = [[np.array_equal(f, e) for f, e in zip(found, end, strict=True)] for end in ends]
    assert all(a != b for a, b in zip(*which, strict=True))
    assert 2 < sum(which[0]) < 14


def test_grey_is_pillows_in_the_end_and_half_way_before(pixels):
    expected = np.stack([np.asarray(Image.fromarray(p).convert("L").convert("RGB")) for p in pixels]).astype(float)
    assert np.abs(corrupted(pixels, PLACES, "colour_grey", 5) - expected).max() <= 1
    assert np.abs(corrupted(pixels, PLACES, "colour_grey", 3) - (0.4 * pixels + 0.6 * expected)).max() <= 1.5


def test_channels_stand_in_another_order(pixels):
    found, between = (corrupted(pixels, PLACES, "colour_swap", severity) for severity in (5, 2))
    seen = set()
    for image, ours, mixed in zip(pixels, found, between, strict=True):
        (order,) = (o for o in permutations(range(3)) if np.array_equal(image[..., o], ours))
        assert order != (0, 1, 2)
        assert np.abs(0.6 * image + 0.4 * image[..., order] - mixed).max() <= 1
        seen.add(order)
    assert len(seen) > 2


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_colour_depth_is_pillows_posterize(pixels, severity):
    expected = np.stack([np.asarray(ImageOps.posterize(Image.fromarray(p), 6 - severity)) for p in pixels])
    assert np.array_equal(corrupted(pixels, PLACES, "colour_depth", severity), expected)


@pytest.mark.parametrize("name", NAMES[:4])
def test_grey_images_have_no_colour_to_lose(name):
    grey = np.random.default_rng(0).integers(0, 256, (4, 5, 5, 1), np.uint8)
    method = CORRUPTIONS[name]
    images = torch.from_numpy(grey).permute(0, 3, 1, 2) / 255
    assert torch.equal(method.function(images, method.levels["any"][2], None), images)
    found = corrupted(grey, np.arange(4), name, 5)
    assert np.abs(found.astype(int) - grey).max() <= 1
