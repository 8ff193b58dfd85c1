"""Rotation, translation, scale, occlusion and low resolution, against scipy, Pillow and by hand."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from analysis.robustness import CORRUPTIONS
from analysis.robustness.applying import corrupted
from analysis.robustness.draws import Draws
from analysis.robustness.warping import shifted, turning, warped

ROWS, COLUMNS = 24, 31


@pytest.fixture
def images() -> torch.Tensor:
    """Six smooth pictures of 24 x 31, (6, 3, 24, 31)."""
    noise = np.random.default_rng(3).normal(size=(6, 3, ROWS, COLUMNS))
    smooth = ndimage.gaussian_filter(noise, (0, 0, 1.5, 1.5))
    return torch.from_numpy((0.5 + smooth).clip(0, 1).astype(np.float32))


def altered(images: torch.Tensor, name: str, severity: int = 5, **params) -> torch.Tensor:
    method = CORRUPTIONS[name]
    level = method.levels[method.table(*images.shape[-2:])][severity - 1]
    draws = Draws(0, name, np.arange(len(images)))
    return method.function(images, level, draws, **method.bound(params))


def scipys_turn(image: np.ndarray, degrees: float, mode: str) -> np.ndarray:
    """Counterclockwise as seen, about the middle."""
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])  # of (row, column) offsets
    middle = (np.array(image.shape) - 1) / 2
    return ndimage.affine_transform(image, matrix, middle - matrix @ middle, order=1, mode=mode)


@pytest.mark.parametrize(("border", "mode"), [("reflect", "reflect"), ("edge", "nearest"), ("black", "grid-constant")])
@pytest.mark.parametrize("way", ["left", "right"])
def test_rotation_is_scipys(images, border, mode, way):
    found = altered(images, "rotation", 4, way=way, border=border)
    degrees = 30 if way == "left" else -30
    for image, ours in zip(images.numpy(), found.numpy(), strict=True):
        for channel, our_channel in zip(image, ours, strict=True):
            assert np.abs(scipys_turn(channel, degrees, mode) - our_channel).max() < 1 / 255


def test_left_is_counterclockwise_as_pillow_turns():
    image = np.zeros((21, 21), np.uint8)
    image[10, 15:] = 255  # from the middle to the right
    found = warped(torch.from_numpy(image / 255).float()[None, None], turning(torch.tensor([90.0])), border="black")
    expected = np.asarray(Image.fromarray(image).rotate(90)) / 255
    assert np.abs(found[0, 0].numpy() - expected).max() < 1e-4


def test_some_turn_left_and_some_right(images):
    many = images[:1].expand(40, -1, -1, -1)
    found = altered(many, "rotation", 3)
    left, right = (altered(images[:1], "rotation", 3, way=way) for way in ("left", "right"))
    turned_left = [torch.equal(one, left[0]) for one in found]
    turned_right = [torch.equal(one, right[0]) for one in found]
    assert all(a != b for a, b in zip(turned_left, turned_right, strict=True))
    assert 8 < sum(turned_left) < 32


@pytest.mark.parametrize(("border", "mode"), [("reflect", "symmetric"), ("edge", "edge"), ("black", "constant")])
def test_moved_by_whole_pixels(images, border, mode):
    down, across = torch.tensor([0, 3, -4, 7, 0, -24]), torch.tensor([0, -5, 2, 0, 31, -40])
    found = shifted(images, down, across, border=border)
    for number, image in enumerate(images.numpy()):
        padded = np.pad(image, ((0, 0), (50, 50), (50, 50)), mode=mode)
        top, left = 50 - int(down[number]), 50 - int(across[number])
        expected = padded[:, top : top + ROWS, left : left + COLUMNS]
        assert np.array_equal(found[number].numpy(), expected)


def test_translation_goes_as_far_as_it_says_in_all_directions():
    pixel = torch.zeros(200, 1, 65, 65)
    pixel[:, :, 32, 32] = 1
    found = altered(pixel, "translation", 5)
    places = found.flatten(1).argmax(dim=1)
    down, across = places // 65 - 32, places % 65 - 32
    assert torch.allclose(torch.hypot(down.float(), across.float()), torch.tensor(0.25 * 65), atol=0.8)
    quarters = (2 * (down > 0) + (across > 0)).unique(return_counts=True)[1]
    assert len(quarters) == 4
    assert quarters.min() > 30


def test_smaller_is_pillows_reduction_in_a_mirrored_frame(images):
    found = altered(images, "scale", 5)
    assert found.shape == images.shape
    for image, ours in zip(images.numpy(), found.numpy(), strict=True):
        for channel, our_channel in zip(image, ours, strict=True):
            small = np.asarray(Image.fromarray(channel).resize((16, 12), Image.Resampling.BILINEAR))
            padded = np.pad(small, ((6, 6), (7, 8)), mode="symmetric")
            assert np.abs(padded - our_channel).max() < 1 / 255


def test_smaller_in_black(images):
    found = altered(images, "scale", 5, border="black")
    assert (found[:, :, :6] == 0).all()
    assert (found[:, :, 18:] == 0).all()
    assert torch.equal(found[:, :, 6:18, 7:23], altered(images, "scale", 5)[:, :, 6:18, 7:23])


def test_larger_is_scipys(images):
    found = altered(images, "scale", 4, way="larger")
    middle = (np.array([ROWS, COLUMNS]) - 1) / 2
    matrix = np.eye(2) / 1.75
    for image, ours in zip(images.numpy(), found.numpy(), strict=True):
        for channel, our_channel in zip(image, ours, strict=True):
            expected = ndimage.affine_transform(channel, matrix, middle - matrix @ middle, order=1)
            assert np.abs(expected - our_channel).max() < 1e-4


@pytest.mark.parametrize("severity", [1, 5])
def test_low_resolution_is_pillows_bicubic_down_and_up(severity):
    side = {1: 24, 5: 8}[severity]
    images = np.random.default_rng(0).random((3, 3, 32, 40)).astype(np.float32)
    found = altered(torch.from_numpy(images), "low_resolution", severity)
    for image, ours in zip(images, found.numpy(), strict=True):
        for channel, our_channel in zip(image, ours, strict=True):
            small = Image.fromarray(channel).resize((side * 40 // 32, side), Image.Resampling.BICUBIC)
            expected = np.asarray(small.resize((40, 32), Image.Resampling.BICUBIC))
            assert np.abs(expected - our_channel).max() < 1 / 255


def test_an_image_that_is_smaller_keeps_its_resolution():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 9, 3), np.uint8)
    assert np.array_equal(corrupted(pixels, np.arange(2), "low_resolution", 5), pixels)


@pytest.mark.parametrize("cells", [4, 8])
def test_that_share_of_the_cells_is_covered(cells):
    images = torch.ones(12, 3, 32, 40)
    masks = []
    for severity, share in enumerate((0.1, 0.2, 0.35, 0.5, 0.7), 1):
        found = altered(images, "occlusion_patches", severity, cells=cells)
        assert set(found.unique().tolist()) == {0.5, 1.0}
        of_cells = (found[:, 0, :: 32 // cells, :: 40 // cells] == 0.5).flatten(1)
        assert of_cells.sum(dim=1).tolist() == [round(share * cells * cells)] * 12
        blocks = found.view(12, 3, cells, 32 // cells, cells, 40 // cells)
        assert torch.equal(blocks.amax(dim=(1, 3, 5)), blocks.amin(dim=(1, 3, 5)))
        masks.append(of_cells)
    assert all((a <= b).all() for a, b in pairwise(masks))
    assert len({tuple(mask.tolist()) for mask in masks[2]}) > 8  # not the same for all images


@pytest.mark.parametrize("cover", ["black", "mean", "noise"])
def test_covers(images, cover):
    grey, found = (altered(images, "occlusion_patches", 3, cover=c) for c in ("grey", cover))
    hidden = grey != images
    assert torch.equal(found[~hidden], images[~hidden])
    if cover == "black":
        assert found[hidden].unique().tolist() == [0.0]
    if cover == "mean":
        means = images.mean(dim=(2, 3), keepdim=True).expand_as(images)
        assert torch.equal(found[hidden], means[hidden])
    if cover == "noise":
        assert abs(found[hidden].mean() - 0.5) < 0.03
        assert abs(found[hidden].std() - 12**-0.5) < 0.02


@pytest.mark.gpu
@pytest.mark.parametrize(
    "name", [c.name for c in CORRUPTIONS if c.group in ("geometry", "resolution", "colour", "frequency")]
)
def test_a_gpu_says_the_same(images, name):
    pixels = (images.permute(0, 2, 3, 1) * 255).byte()
    here = corrupted(pixels, np.arange(6), name, 4)
    there = corrupted(pixels.cuda(), np.arange(6), name, 4).cpu()
    assert (here.int() - there.int()).abs().float().quantile(0.999) <= 1
