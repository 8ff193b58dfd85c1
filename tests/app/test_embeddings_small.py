"""Small pictures of a strip: colours where points are, in data coordinates, faded ones below."""

import io

import numpy as np
from PIL import Image

from app.figures.embeddings_small import SIZE, png

RED, BLUE = (200, 0, 0), (0, 0, 200)


def read(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def test_points_lie_where_they_should() -> None:
    points = np.array([[0, 0], [1, 1], [0, 1], [1, 0]], np.float32)
    pixels = read(png(points, np.array([RED, BLUE, RED, RED], np.uint8)))
    assert pixels.shape[:2] == SIZE[::-1]
    blue = np.argwhere((pixels[..., 2] > 100) & (pixels[..., 3] > 100))
    height, width = pixels.shape[:2]
    assert blue[:, 0].max() < height / 2  # up is up
    assert blue[:, 1].min() > width / 2


def test_what_is_hidden_is_not_drawn_and_what_is_faded_is_faint() -> None:
    points = np.array([[0, 0], [1, 1], [2, 0]], np.float32)
    colours = np.array([RED, BLUE, RED], np.uint8)
    pixels = read(png(points, colours, np.array([0, 2, 1], np.uint8)))
    assert pixels[(pixels[..., 2] > 100)][:, 3].max() > 200
    assert 0 < pixels[(pixels[..., 0] > 100)][:, 3].max() < 100


def test_nothing_and_one_point_are_pictures_too() -> None:
    none = np.full((3, 2), np.nan, np.float32)
    assert read(png(none, np.zeros((3, 3), np.uint8)))[..., 3].max() == 0
    none[1] = 5
    assert read(png(none, np.zeros((3, 3), np.uint8)))[..., 3].max() > 0
