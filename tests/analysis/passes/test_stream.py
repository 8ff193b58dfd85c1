"""What the network is given is what `Preprocessing.tensor` gives, bit for bit, however it is stored."""

import threading

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.errors import UnreadableImage
from analysis.passes.conditions import CLEAN, Condition
from analysis.passes.forward import normalised
from analysis.passes.stream import Stream, crop_of, prepared
from models.preprocessing import CIFAR, IMAGENET, Preprocessing
from tests.analysis.passes.pictures import SMALL, Arrays, Pictures, noise

CPU = torch.device("cpu")
GREY = Preprocessing(size=(28, 28), resize=28, mean=(0.13,), std=(0.31,))


def stored(size: int, channels: int) -> Arrays:
    return noise(7, size, channels)


def photos(count: int = 4) -> list[Image.Image]:
    generator = np.random.default_rng(0)
    shapes = [(40, 60), (61, 33), (16, 16), (300, 17)]
    return [Image.fromarray(generator.integers(0, 256, (*s, 3), dtype=np.uint8)) for s in shapes[:count]]


@pytest.mark.parametrize(
    ("images", "preprocessing"),
    [
        (stored(32, 3), CIFAR),
        (stored(32, 1), CIFAR),  # grey pictures for a network of colours
        (stored(28, 1), GREY),
        (stored(28, 3), GREY),
        (stored(32, 3), SMALL),  # resized
        (stored(16, 3), Preprocessing(size=(12, 12), resize=16)),  # cropped
        (stored(16, 3), Preprocessing(size=(20, 20), resize=16)),  # padded
        (stored(16, 3), Preprocessing(size=(16, 16), resize=None)),
        (stored(16, 3), Preprocessing(size=(16, 16), resize=16, squeeze=True)),
        (Pictures(photos()), SMALL),
        (Pictures(photos()), IMAGENET),
    ],
)
def test_pixels_equal_the_preprocessings_tensor(images, preprocessing):
    (pixels,) = prepared(images, range(len(images)), [crop_of(preprocessing)])
    found = normalised(torch.from_numpy(pixels), preprocessing)
    assert torch.equal(found, preprocessing.tensor(images.images(range(len(images)))))


def test_no_picture_is_decoded_where_nothing_is_to_resize(monkeypatch):
    images = stored(32, 3)
    monkeypatch.setattr(Arrays, "images", None)
    monkeypatch.setattr(Preprocessing, "cropped", None)
    (pixels,) = prepared(images, range(3), [crop_of(CIFAR)])
    assert np.array_equal(pixels, images.stored[:3])
    assert not np.shares_memory(pixels, images.stored)


def test_those_that_crop_alike_share_one_crop():
    other = Preprocessing(size=CIFAR.size, resize=CIFAR.resize, mean=(0.1,) * 3, std=(0.9,) * 3)
    assert crop_of(CIFAR) == crop_of(other) != crop_of(SMALL)
    assert crop_of(GREY) != crop_of(Preprocessing(size=(28, 28), resize=28))


def test_a_condition_changes_stored_arrays_and_pictures_alike():
    seen: list[np.ndarray] = []

    def darker(pixels: np.ndarray, samples: np.ndarray) -> np.ndarray:
        seen.append(samples)
        return pixels // 2 + samples[:, None, None, None].astype(np.uint8)

    images = stored(16, 3)
    condition = Condition("darker", darker)
    (arrays,) = prepared(images, range(2, 6), [crop_of(SMALL)], condition)
    (pictures,) = prepared(Pictures(images.images(range(7))), range(2, 6), [crop_of(SMALL)], condition)
    expected = images.stored[2:6] // 2 + np.arange(2, 6, dtype=np.uint8)[:, None, None, None]
    assert np.array_equal(arrays, expected)
    assert np.array_equal(pictures, expected)
    assert [s.tolist() for s in seen] == [[2, 3, 4, 5], [2], [3], [4], [5]]
    grey = Pictures([Image.fromarray(np.full((28, 28), 10, np.uint8))])
    (pixels,) = prepared(grey, range(1), [crop_of(GREY)], condition)
    assert np.unique(pixels).tolist() == [5]


def test_chunks_come_in_order_from_other_threads_and_not_far_ahead():
    threads: set[int] = set()
    most = 0

    class Watched(Pictures):
        def images(self, samples):
            nonlocal most
            threads.add(threading.get_ident())
            most = max(most, samples[-1])
            return super().images(samples)

    images = Watched(photos(1) * 40)
    spans = [range(s, s + 2) for s in range(0, 40, 2)]
    with Stream(images, spans, [crop_of(SMALL)], CLEAN, CPU) as stream:
        for number, chunk in enumerate(stream):
            assert chunk.samples == spans[number]
            assert chunk.ready()[0].shape == (2, 16, 16, 3)
            assert most <= 2 * number + 2 * 4
    assert sorted(images.decoded) == list(range(40))
    assert threading.get_ident() not in threads


def test_an_image_that_cannot_be_read_ends_the_stream_and_its_threads():
    class Broken(Pictures):
        def images(self, samples):
            if 10 in samples:
                raise UnreadableImage("damaged")
            return super().images(samples)

    before = threading.active_count()
    images = Broken(photos(1) * 40)
    with (
        pytest.raises(UnreadableImage, match="damaged"),
        Stream(images, [range(s, s + 4) for s in range(0, 40, 4)], [crop_of(SMALL)], CLEAN, CPU) as stream,
    ):
        list(stream)
    assert threading.active_count() == before
    assert 39 not in images.decoded
