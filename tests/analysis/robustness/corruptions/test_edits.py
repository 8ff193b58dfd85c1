"""Edits of what a mask shows, by hand and against scipy."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from analysis.errors import NotApplicable
from analysis.robustness import CORRUPTIONS
from analysis.robustness.applying import corrupted
from analysis.robustness.draws import Draws
from analysis.robustness.filling import blurred_outside, boxes, filled

EDITS = [c.name for c in CORRUPTIONS if c.kind == "edit"]
BACKGROUNDS = [name for name in EDITS if name.startswith("background")]
OBJECTS = [name for name in EDITS if name.startswith("object")]
NOTHING = {"object_size": 1.0}  # the level that changes nothing; 0 for the others
ROWS, COLUMNS = 40, 48


@pytest.fixture
def masks() -> torch.Tensor:
    """Eight boxes of 8 x 12 with a notch, at several places."""
    found = torch.zeros(8, ROWS, COLUMNS, dtype=torch.bool)
    for number in range(8):
        top, left = 2 + 4 * number, 3 + 4 * number
        top = min(top, ROWS - 9)
        found[number, top : top + 8, left : left + 12] = True
        found[number, top : top + 3, left : left + 4] = False
    return found


@pytest.fixture
def images(masks) -> torch.Tensor:
    """A red object with a blue corner before a smooth greenish ground, (8, 3, 40, 48)."""
    ground = ndimage.gaussian_filter(np.random.default_rng(0).random((8, 3, ROWS, COLUMNS)), (0, 0, 4, 4))
    found = torch.from_numpy(ground.astype(np.float32))
    found[:, 0] *= 0.2
    _, bottom, _, right = boxes(masks)
    for number, mask in enumerate(masks):
        found[number][:, mask] = torch.tensor([0.9, 0.1, 0.1])[:, None]
        found[number][:, bottom[number] - 2 : bottom[number] + 1, right[number] - 2 : right[number] + 1] = torch.tensor(
            [0.1, 0.1, 0.9]
        )[:, None, None]
    return found


def edited(images: torch.Tensor, masks: torch.Tensor, name: str, level: float, **params) -> torch.Tensor:
    method = CORRUPTIONS[name]
    draws = Draws(0, name, np.arange(len(images)))
    return method.function(images, masks, level, draws, **method.bound(params))


def red(images: torch.Tensor) -> torch.Tensor:
    return (images[:, 0] > 0.6) & (images[:, 1] < 0.3)


def middle(mask: torch.Tensor) -> torch.Tensor:
    """(2,): down and across."""
    return torch.nonzero(mask).float().mean(dim=0)


def test_there_are_the_six():
    assert len(BACKGROUNDS) == len(OBJECTS) == 3


@pytest.mark.parametrize("name", EDITS)
def test_the_edit_that_is_none_changes_nothing(images, masks, name):
    found = edited(images, masks, name, NOTHING.get(name, 0.0))
    assert torch.allclose(found, images, atol=1e-6)


@pytest.mark.parametrize("name", BACKGROUNDS)
@pytest.mark.parametrize("severity", [1, 5])
def test_the_object_stays_as_it_is(images, masks, name, severity):
    pixels = (images.permute(0, 2, 3, 1) * 255).byte().numpy()
    found = corrupted(pixels, np.arange(8), name, severity, masks=masks.numpy())
    there = masks.numpy()
    assert np.array_equal(found[there], pixels[there])
    assert (found[~there] != pixels[~there]).any()


@pytest.mark.parametrize(("ground", "colour"), [("grey", 0.5), ("black", 0.0), ("white", 1.0)])
def test_the_background_fades_into_an_even_ground(images, masks, ground, colour):
    outside = ~masks[:, None].expand_as(images)
    assert (edited(images, masks, "background_removed", 1.0, ground=ground)[outside] - colour).abs().max() < 1e-6
    half = edited(images, masks, "background_removed", 0.4, ground=ground)
    assert torch.allclose(half[outside], 0.6 * images[outside] + 0.4 * colour, atol=1e-6)


@pytest.mark.parametrize("deviation", [0.7, 3.0])
def test_the_blur_is_scipys_over_what_is_known(images, masks, deviation):
    found = blurred_outside(images, masks, deviation).numpy()

    def blur(values):
        return ndimage.gaussian_filter(values.astype(np.float64), deviation, mode="constant", truncate=12)

    for image, mask, ours in zip(images.numpy(), masks.numpy(), found, strict=True):
        weights = blur(~mask)
        for channel, our_channel in zip(image, ours, strict=True):
            expected = blur(channel * ~mask) / np.maximum(weights, 1e-12)
            assert np.abs(expected - our_channel)[weights > 1e-3].max() < 1e-3


def test_the_objects_colour_does_not_run_into_the_background(images, masks):
    found = edited(images, masks, "background_blurred", 0.16)
    assert found[:, 0][~masks].max() < 0.25


@pytest.mark.parametrize("texture", ["clouds", "stripes", "checks"])
def test_another_background_for_each_image(images, masks, texture):
    same = images[:1].expand(8, -1, -1, -1)
    nowhere = torch.zeros_like(masks)
    found = edited(same, nowhere, "background_replaced", 1.0, texture=texture)
    assert found.min() >= 0
    assert found.max() <= 1
    assert all(not torch.equal(found[0], other) for other in found[1:])
    assert torch.equal(found, edited(torch.zeros_like(same), nowhere, "background_replaced", 1.0, texture=texture))
    colours = [len(torch.unique(image.flatten(1), dim=1).T) for image in found]
    assert all(c == 2 for c in colours) if texture != "clouds" else min(colours) > 1000


def test_stripes_are_bands_and_checks_are_crossed(images, masks):
    nowhere = torch.zeros_like(masks)
    changes = {}
    for texture in ("stripes", "checks"):
        found = edited(images, nowhere, "background_replaced", 1.0, texture=texture)[:, 0]
        edges = [found.diff(dim=axis) != 0 for axis in (1, 2)]
        assert (edges[0].any(dim=2).any(dim=1) | edges[1].any(dim=2).any(dim=1)).all()
        changes[texture] = sum(edge.float().mean() for edge in edges)
    assert changes["checks"] > changes["stripes"]


@pytest.mark.parametrize("factor", [1.3, 2.0, 3.0])
def test_a_smaller_object_is_smaller_where_it_was(images, masks, factor):
    found = edited(images, masks, "object_size", factor)
    for before, after, mask in zip(red(images), red(found), masks, strict=True):
        assert after.sum() / before.sum() == pytest.approx(factor**-2, rel=0.45)
        assert (middle(after) - middle(mask)).norm() < 2.5
    assert found[:, 0].isfinite().all()


def test_a_larger_object_is_larger(images, masks):
    found = edited(images[3:5], masks[3:5], "object_size", 1.5, way="larger")
    ratio = red(found).sum(dim=(1, 2)) / red(images[3:5]).sum(dim=(1, 2))
    assert ratio.numpy() == pytest.approx([2.25, 2.25], rel=0.15)


@pytest.mark.parametrize("level", [0.1, 0.4])
def test_a_moved_object_is_whole_and_elsewhere_within_the_frame(images, masks, level):
    found = edited(images, masks, "object_position", level)
    for before, after in zip(red(images), red(found), strict=True):
        assert after.sum() == before.sum()
        way = (middle(after) - middle(before)).round()
        down, across = way.tolist()
        assert 2 <= np.hypot(down, across) <= level * COLUMNS + 1
        moved = torch.zeros_like(before)
        moved[torch.nonzero(before)[:, 0] + int(down), torch.nonzero(before)[:, 1] + int(across)] = True
        assert torch.equal(moved, after)


def test_the_severities_of_one_image_go_the_same_way(images, masks):
    levels = CORRUPTIONS["object_position"].levels["any"]
    centres = [
        torch.stack([middle(m) for m in red(edited(images, masks, "object_position", level))])
        for level in (0.0, *levels)
    ]
    ways = torch.stack(centres[1:]) - centres[0]
    assert ((ways * ways[-1]).sum(dim=-1) > 0).all()
    assert (ways.norm(dim=-1).diff(dim=0) >= -1e-4).all()


def test_an_object_that_fills_the_frame_stays(images):
    everywhere = torch.ones(8, ROWS, COLUMNS, dtype=torch.bool)
    assert torch.equal(edited(images, everywhere, "object_position", 0.4), images)


def test_half_a_turn_is_a_turn_by_hand(images, masks):
    found = edited(images, masks, "object_direction", 180.0)
    top, bottom, left, right = boxes(masks)
    for number, image in enumerate(images):
        where = np.s_[:, top[number] : bottom[number] + 1, left[number] : right[number] + 1]
        expected, ours = image[where].flip(1, 2), found[number][where]
        kept = masks[number][where[1:]].flip(0, 1)
        assert (expected - ours).abs()[:, kept].max() < 1e-3


def test_a_turn_to_both_sides(images, masks):
    same, shape = images[4:5].expand(30, -1, -1, -1), masks[4:5].expand(30, -1, -1)
    found = edited(same, shape, "object_direction", 45.0)
    kinds = torch.unique(found.round(decimals=3).flatten(1), dim=0)
    assert len(kinds) == 2


def test_holes_are_filled_from_around():
    image = torch.full((1, 1, 30, 30), 0.2)
    image[..., 15:] = 0.8
    mask = torch.zeros(1, 30, 30, dtype=torch.bool)
    mask[:, 8:22, 3:12] = True
    mask[:, 8:22, 18:27] = True
    found = filled(torch.where(mask[:, None], 9.0, image), mask)
    assert torch.equal(found[~mask[:, None]], image[~mask[:, None]])
    assert (found - image).abs()[..., [*range(10), *range(20, 30)]].max() < 0.12
    assert found.min() >= 0.2
    assert found.max() <= 0.8 + 1e-6


def test_a_mask_of_everything_and_one_of_nothing(images):
    everything, nothing = (torch.full((8, ROWS, COLUMNS), value) for value in (True, False))
    assert (filled(images, everything) == 0.5).all()
    for name in OBJECTS:
        assert torch.allclose(edited(images, nothing, name, 2.0 if name == "object_size" else 0.3), images, atol=1e-6)
    for name in BACKGROUNDS:
        assert torch.equal(edited(images, everything, name, 0.1), images)


@pytest.mark.parametrize("name", EDITS)
def test_without_masks_it_is_said(name):
    with pytest.raises(NotApplicable, match="needs a mask"):
        corrupted(np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1, int), name, 1)


@pytest.mark.parametrize("name", EDITS)
def test_batches_and_order_make_no_difference(images, masks, name):
    pixels = (images.permute(0, 2, 3, 1) * 255).byte().numpy()
    places = np.array([3, 0, 9, 1, 20, 5, 6, 2])
    whole = corrupted(pixels, places, name, 4, masks=masks.numpy()).astype(int)
    for part in (slice(0, 3), slice(3, 8)):
        found = corrupted(pixels[part], places[part], name, 4, masks=masks.numpy()[part])
        assert np.abs(whole[part] - found).max() <= 1
    turned = corrupted(pixels[::-1], places[::-1], name, 4, masks=masks.numpy()[::-1].copy())[::-1]
    assert np.abs(whole - turned).max() <= 1


@pytest.mark.gpu
@pytest.mark.parametrize("name", EDITS)
def test_a_gpu_says_the_same(images, masks, name):
    pixels = (images.permute(0, 2, 3, 1) * 255).byte()
    here = corrupted(pixels, np.arange(8), name, 4, masks=masks)
    there = corrupted(pixels.cuda(), np.arange(8), name, 4, masks=masks).cpu()
    assert (here.int() - there.int()).abs().float().quantile(0.999) <= 1
