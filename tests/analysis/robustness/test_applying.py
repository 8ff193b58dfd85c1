"""From bytes to corrupted bytes, whatever the corruption."""

import numpy as np
import pytest
import torch

from analysis.errors import BadParameter, NotApplicable
from analysis.robustness import CORRUPTIONS
from analysis.robustness.applying import VALUES_AT_A_TIME, corrupted, table_of, truncated
from models.errors import UnknownName

NAMES = [m.name for m in CORRUPTIONS if m.kind == "corruption"]


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_form(name: str, images: np.ndarray):
    before = images.copy()
    found = corrupted(images, np.arange(6), name, 3)
    assert found.shape == images.shape
    assert found.dtype == np.uint8
    assert np.array_equal(images, before)
    assert not np.array_equal(found, images)
    assert np.array_equal(found, corrupted(torch.from_numpy(images), np.arange(6), name, 3).numpy())


@pytest.mark.parametrize("name", NAMES)
def test_batches_and_order_make_no_difference(name: str, images: np.ndarray, monkeypatch: pytest.MonkeyPatch):
    places = np.array([4, 0, 7, 1, 30, 2])
    whole = corrupted(images, places, name, 5).astype(int)
    turned = corrupted(images[::-1], places[::-1], name, 5)[::-1]
    monkeypatch.setitem(VALUES_AT_A_TIME, "cpu", 2 * 32 * 32 * 3)
    parts = corrupted(images, places, name, 5)
    # sums may round otherwise in batches of another size
    assert np.abs(whole - turned).max() <= 1
    assert np.abs(whole - parts).max() <= 1
    assert (whole == parts).mean() > 0.999


@pytest.mark.parametrize("name", NAMES)
def test_seed_and_place_decide(name: str, images: np.ndarray):
    same = np.repeat(images[:1], 4, axis=0)
    found = corrupted(same, np.arange(4), name, 3)
    again = corrupted(same, np.arange(4), name, 3, seed=1)
    differs = any(not np.array_equal(found[0], other) for other in (*found[1:], *again))
    assert differs == CORRUPTIONS[name].random


@pytest.mark.parametrize("name", NAMES)
def test_grey_images(name: str, images: np.ndarray):
    grey = images[..., :1]
    found = corrupted(grey, np.arange(6), name, 2)
    assert found.shape == grey.shape
    coloured = corrupted(np.repeat(grey, 3, axis=-1), np.arange(6), name, 2)
    assert np.array_equal(found[..., 0], coloured[..., 1])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(28, 28), (40, 24)])
def test_other_sizes(name: str, shape: tuple[int, int]):
    images = np.random.default_rng(1).integers(0, 256, (2, *shape, 3), dtype=np.uint8)
    for severity in (1, 5):
        assert corrupted(images, np.arange(2), name, severity).shape == images.shape


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [0, 255])
def test_black_and_white(name: str, value: int):
    images = np.full((2, 32, 32, 3), value, np.uint8)
    for severity in (1, 2, 3, 4, 5):
        assert corrupted(images, np.arange(2), name, severity).dtype == np.uint8


@pytest.mark.parametrize("name", NAMES)
def test_no_images(name: str):
    nothing = np.empty((0, 32, 32, 3), np.uint8)
    assert corrupted(nothing, np.arange(0), name, 1).shape == nothing.shape


def test_truncates_and_cuts_off():
    values = torch.tensor([-1.0, 0.0, 0.999 / 255, 1.5 / 255, 2.0 / 255, 1.0, 7.0, float("nan")])
    assert truncated(values).tolist() == [0, 0, 0, 1, 2, 255, 255, 0]


def test_read_only_arrays(images: np.ndarray):
    images = images.copy()
    images.flags.writeable = False
    assert corrupted(images, np.arange(6), "contrast", 1).shape == images.shape


def test_tables_by_size():
    assert [table_of("fog", side, side) for side in (28, 32, 64, 96, 224, 299)] == [
        "cifar", "cifar", "tiny", "tiny", "imagenet", "imagenet",
    ]  # fmt: skip


def test_refusals(images: np.ndarray):
    with pytest.raises(UnknownName):
        corrupted(images, np.arange(6), "hail", 1)
    with pytest.raises(BadParameter, match="from 1 to 5, got 6"):
        corrupted(images, np.arange(6), "fog", 6)
    with pytest.raises(BadParameter, match="no parameter 'depth'"):
        corrupted(images, np.arange(6), "fog", 1, params={"depth": 3})
    edits = [m.name for m in CORRUPTIONS if m.kind == "edit"]
    attacks = [m.name for m in CORRUPTIONS if m.kind == "attack"]
    for name in edits[:1] + attacks[:1]:
        with pytest.raises(NotApplicable):
            corrupted(images, np.arange(6), name, 1)
