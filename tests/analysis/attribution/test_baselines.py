import torch
from PIL import Image

from analysis.attribution.baselines import baseline_like, limits_of
from models.preprocessing import Preprocessing
from tests.analysis.attribution.specimens import LIMITS, some_images


def test_limits_are_black_and_white_after_preprocessing() -> None:
    preprocessing = Preprocessing((4, 4), None)
    plain = [Image.new("RGB", (8, 8), colour) for colour in ("black", "white")]
    torch.testing.assert_close(limits_of(preprocessing), preprocessing.tensor(plain)[:, :, 0, 0])


def test_plain_baselines_are_the_limits_of_each_channel() -> None:
    images = some_images(2, 5, 7)
    assert not baseline_like(images, LIMITS, "mean").any()
    for row, kind in enumerate(("black", "white")):
        found = baseline_like(images, LIMITS, kind)
        assert found.shape == images.shape
        assert torch.equal(found[1, :, 4, 6], LIMITS[row])


def test_blurring_keeps_the_mean_colour_and_takes_the_detail() -> None:
    images = some_images(1, 64, 48)
    found = baseline_like(images, LIMITS, "blurred")
    assert found.std() < 0.2 * images.std()
    torch.testing.assert_close(found.mean((2, 3)), images.mean((2, 3)), rtol=0, atol=0.03)


def test_blurring_works_on_the_smallest_images() -> None:
    assert baseline_like(some_images(1, 4, 4), LIMITS, "blurred").shape == (1, 3, 4, 4)
