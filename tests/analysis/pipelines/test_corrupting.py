"""One picture under many corruptions."""

import numpy as np
import pytest
from PIL import Image

from analysis.errors import BadParameter, NotApplicable
from analysis.pipelines.corrupting import altered, gallery, level_of, usable
from analysis.robustness import CORRUPTIONS
from analysis.robustness.applying import corrupted
from models.errors import UnknownName


@pytest.fixture
def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8))


def test_every_image_is_what_a_dataset_of_one_would_get(picture):
    found = gallery(picture, ["gaussian_noise", "hue"], (1, 4), seed=5)
    assert found.images.shape == (2, 2, 30, 40, 3)
    assert (found.names, found.severities, found.refused) == (("gaussian_noise", "hue"), (1, 4), {})
    assert np.array_equal(found.clean, np.asarray(picture))
    for name, row in zip(found.names, found.images, strict=True):
        for severity, image in zip(found.severities, row, strict=True):
            expected = corrupted(np.asarray(picture)[None], np.zeros(1, int), name, severity, seed=5)[0]
            assert np.array_equal(image, expected)


def test_all_that_need_no_network_are_there(picture):
    small = picture.resize((16, 16))
    plain = gallery(small, severities=(5,))
    assert plain.names == tuple(c.name for c in CORRUPTIONS if c.kind == "corruption")
    assert all(
        (image[0] != plain.clean).any()
        for name, image in zip(plain.names, plain.images, strict=True)
        if name != "low_resolution"
    )
    masked = usable(masked=True)
    assert set(masked) - set(plain.names) == {c.name for c in CORRUPTIONS if c.kind == "edit"}


def test_what_cannot_be_done_is_told_and_the_rest_is_shown(picture):
    found = gallery(picture, ["object_size", "hue", "pgd"])
    assert found.names == ("hue",)
    assert "needs a mask" in found.refused["object_size"]
    assert "attacks a network" in found.refused["pgd"]
    nothing = gallery(picture, ["pgd"])
    assert nothing.images.shape == (0, 5, 30, 40, 3)
    with pytest.raises(UnknownName):
        gallery(picture, ["hu"])


def test_a_large_picture_is_cut_down_and_its_mask_with_it():
    large = Image.new("RGB", (600, 448), (10, 200, 30))
    mask = np.zeros((448, 600), bool)
    mask[100:200, 200:300] = True
    found = altered(large, "background_removed", 5, mask=mask)
    assert found.shape == (224, 300, 3)
    object_there = (found == (10, 200, 30)).all(axis=2)
    assert object_there.sum() == 50 * 50
    assert object_there[50:100, 100:150].all()
    assert altered(large, "hue", 5, side=None).shape == (448, 600, 3)


def test_errors_are_said(picture):
    with pytest.raises(NotApplicable):
        altered(picture, "object_size", 3)
    with pytest.raises(BadParameter, match="40 x 30"):
        altered(picture, "object_size", 3, mask=np.zeros((40, 30), bool))


def test_levels_are_of_the_pictures_size():
    assert level_of(CORRUPTIONS["low_resolution"], 1, 224, 300) == ("imagenet", 128)
    assert level_of(CORRUPTIONS["low_resolution"], 5, 32, 32) == ("cifar", 8)
    assert level_of(CORRUPTIONS["hue"], 1, 32, 32)[0] == "any"
