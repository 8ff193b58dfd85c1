"""Thumbnails side by side, and how many images each class has."""

import io

import numpy as np
from PIL import Image

from app.figures.class_counts import FEW, class_counts
from app.figures.strip import GAP, strip


def test_each_image_has_its_square_and_tiny_ones_keep_their_pixels() -> None:
    red = Image.new("RGB", (200, 100), "red")
    tiny = Image.fromarray(np.array([[0, 255], [255, 0]], np.uint8))
    sheet = Image.open(io.BytesIO(strip([red, tiny, red], side=20, columns=2)))
    assert sheet.size == (2 * 20 + GAP, 2 * 20 + GAP)
    pixels = np.asarray(sheet)
    assert (pixels[:20, :20] == (255, 0, 0, 255)).all()
    assert (pixels[:, 20:24, 3] == 0).all()
    checks = pixels[:20, 24:44, 0]
    assert (checks[:10, :10] == 0).all()
    assert (checks[:10, 10:] == 255).all()
    assert (pixels[24:, :20] == (255, 0, 0, 255)).all()
    assert (pixels[24:, 24:, 3] == 0).all()


def test_the_whole_strip_of_the_page_is_sent_as_it_is() -> None:
    from app.widgets.workspace.datasets import SIDE, THUMBNAILS

    sheet = Image.open(io.BytesIO(strip([Image.new("L", (8, 8))] * THUMBNAILS, SIDE, THUMBNAILS)))
    assert sheet.format == "PNG"
    assert sheet.width <= 2 * 730


def test_classes_stand_in_their_order_and_those_without_one_come_last() -> None:
    (bars,) = class_counts({1: 5, -1: 2}, ["cat", "dog"]).data
    assert list(bars.x) == [0, 5, 2]
    assert bars.hovertext == ("cat: 0", "dog: 5", "no class: 2")


def test_many_classes_become_columns() -> None:
    names = [f"class {i}" for i in range(FEW + 1)]
    (bars,) = class_counts({0: 3}, names).data
    assert list(bars.y) == [3] + [0] * FEW
