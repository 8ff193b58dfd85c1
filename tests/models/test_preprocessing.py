"""The same pixels as torchvision's and timm's own evaluation transforms, to the bit before normalising."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from models.errors import BadPreprocessing
from models.preprocessing import IMAGENET, Preprocessing

ODD_SIZES = [(61, 47), (47, 61), (224, 224), (1000, 37), (300, 301), (33, 400), (1, 1)]
SETTINGS = [(32, 36), (32, 32), (48, 33), (31, 40), (64, 20)]  # crop, resize; the last two pad


def picture(width: int, height: int, mode: str = "RGB") -> Image.Image:
    pixels = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


@pytest.mark.parametrize("size", ODD_SIZES)
@pytest.mark.parametrize(("crop", "resize"), SETTINGS)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest"])
def test_equals_torchvision(size, crop, resize, interpolation):
    ours = Preprocessing((crop, crop), resize, interpolation)
    theirs = transforms.Compose(
        [
            transforms.Resize(resize, transforms.InterpolationMode(interpolation)),
            transforms.CenterCrop(crop),
            transforms.ToTensor(),
            transforms.Normalize(ours.mean, ours.std),
        ]
    )
    image = picture(*size)
    torch.testing.assert_close(ours.tensor([image])[0], theirs(image), rtol=0, atol=0)


@pytest.mark.parametrize("size", ODD_SIZES[:5])
@pytest.mark.parametrize(
    ("percentage", "mode"), [(0.875, "center"), (0.9, "center"), (1.0, "center"), (1.0, "squash"), (0.95, "squash")]
)
def test_equals_timm(size, percentage, mode):
    from timm.data.transforms_factory import create_transform

    config = {"interpolation": "bicubic", "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.5)}
    config |= {"crop_pct": percentage, "crop_mode": mode}
    theirs = create_transform((3, 56, 56), **config)
    model = torch.nn.Identity()
    model.pretrained_cfg = {"input_size": (3, 56, 56), **config}
    image = picture(*size)
    ours = Preprocessing.from_timm(model).tensor([image])[0]
    torch.testing.assert_close(ours, theirs(image), rtol=0, atol=1e-6)


def test_from_torchvision_is_what_the_weights_ask_for():
    from torchvision.models import EfficientNet_B1_Weights

    weights = EfficientNet_B1_Weights.IMAGENET1K_V2
    ours = Preprocessing.from_torchvision(weights)
    image = picture(333, 251)
    assert (ours.size, ours.resize) == ((240, 240), 255)
    torch.testing.assert_close(ours.tensor([image])[0], weights.transforms()(image), rtol=0, atol=0)


def test_one_channel():
    ours = Preprocessing((28, 28), 28, mean=(0.1,), std=(0.3,))
    batch = ours.tensor([picture(30, 40), picture(28, 28, "L")])
    assert batch.shape == (2, 1, 28, 28)


@pytest.mark.parametrize("size", [(3, 30_000), (30_000, 2)])
def test_a_very_long_picture_takes_no_gigabytes(size, monkeypatch):
    ours = Preprocessing((24, 20), 28, "bicubic")
    image = picture(*size)
    whole = np.asarray(ours.cropped(image), dtype=int)
    monkeypatch.setattr("models.preprocessing._TOO_LARGE", 1000)
    assert np.abs(np.asarray(ours.cropped(image), dtype=int) - whole).max() <= 3  # Pillow keeps a box in float32
    padded = Preprocessing((24, 20), 10)
    assert padded.cropped(image).size == (20, 24)


def test_view_tells_which_part_is_seen():
    left, top, right, bottom = IMAGENET.view(512, 256)
    assert (left, top, right, bottom) == (144, 16, 368, 240)
    assert Preprocessing((10, 20), None).view(300, 90) == (0, 0, 300, 90)
    padded = Preprocessing((64, 64), 20).view(20, 20)
    assert padded == (-22, -22, 42, 42)


def test_goes_through_json():
    import json

    ours = Preprocessing((10, 20), None, "bicubic", (0.5,), (0.5,), squeeze=True)
    assert Preprocessing.from_json(json.loads(json.dumps(ours.to_json()))) == ours


@pytest.mark.parametrize(
    "values",
    [
        {"size": [32, 32], "resize": 32, "interpolation": "cubic"},
        {"size": [32, 0], "resize": 32},
        {"size": [32, 32], "resize": 0},
        {"size": [32, 32], "resize": 32, "std": [0, 1, 1]},
        {"size": [32, 32], "resize": 32, "mean": [0.5]},
        {"size": [32, 32], "resize": 32, "crop": 3},
        {"resize": 32},
    ],
)
def test_refuses_what_makes_no_sense(values):
    with pytest.raises(BadPreprocessing):
        Preprocessing.from_json(values)
