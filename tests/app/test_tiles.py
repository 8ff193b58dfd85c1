"""The sheet of thumbnails: each picture in its place of the sprite, each tile with its words."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from analysis.records import Sample
from app.figures.tiles import cell_side, facts, grid, in_words, sheet, sprite
from app.samples_choice import Choice, Subject
from tests.app.test_samples_choice import dataset, ran

SAMPLES = [
    Sample(4, "four.png", 0, 8, 8, prediction=0, correct=True, confidence=0.999, loss=0.001, other_prediction=1),
    Sample(9, "nine.png", 1, 8, 8, prediction=0, correct=False, confidence=0.6, angle=np.pi / 2, margin=0.5),
    Sample(12, "twelve.png", -1, 8, 8, "fog/3", prediction=1, confidence=float("nan")),
]


def plain(colour: tuple[int, int, int], size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", size, colour)


def test_each_picture_lies_in_its_cell_and_in_the_middle() -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 9, 9), (200, 100, 0)]
    images = [plain(c, (8, 4) if i == 1 else (8, 8)) for i, c in enumerate(colours)]
    drawn = np.asarray(Image.open(io.BytesIO(sprite(images, 8))))
    assert grid(5) == (3, 2)
    assert drawn.shape == (16, 24, 4)
    for place, colour in enumerate(colours):
        top, left = place // 3 * 8, place % 3 * 8
        assert tuple(drawn[top + 4, left + 4]) == (*colour, 255)
    assert drawn[0, 8, 3] == 0  # above the flat one
    assert tuple(drawn[2, 8]) == (0, 255, 0, 255)


@pytest.mark.parametrize(("pixels", "side", "cell"), [(32, 96, 32), (64, 96, 64), (400, 96, 192), (100, 96, 100)])
def test_small_pictures_are_sent_as_they_are_large_ones_for_sharp_screens(pixels: int, side: int, cell: int) -> None:
    assert cell_side([Sample(0, "a", 0, pixels, pixels // 2)], side) == cell


def test_a_tile_says_what_is_right_and_wrong() -> None:
    subject = Subject(Choice(), dataset(), ran("a"), ran("b"))
    drawn = sheet(SAMPLES, subject, sprite([plain((1, 2, 3), (8, 8))] * 3, 8))
    right, wrong, unknown = drawn["tiles"]
    assert (right["state"], right["said"], right["truth"]) == ("right", "cat", "cat")
    assert (wrong["state"], wrong["said"], wrong["truth"]) == ("wrong", "cat", "dog")
    assert (unknown["state"], unknown["truth"], unknown["confidence"]) == ("unknown", "", 0.0)
    assert wrong["spoken"] == "nine.png, labelled dog, predicted cat, wrong"
    assert drawn["sprite"]["src"].startswith("data:image/png;base64,")
    assert Image.open(io.BytesIO(base64.b64decode(drawn["sprite"]["src"].partition(",")[2]))).size == (16, 16)


def test_the_stamp_changes_with_what_is_drawn_and_only_then() -> None:
    subject, pictures = Subject(Choice(), dataset(), ran("a")), sprite([plain((1, 2, 3), (8, 8))] * 3, 8)
    stamp = sheet(SAMPLES, subject, pictures)["stamp"]
    assert sheet(SAMPLES, subject, pictures)["stamp"] == stamp
    assert sheet(SAMPLES, subject, sprite([plain((1, 2, 4), (8, 8))] * 3, 8))["stamp"] != stamp
    assert sheet(SAMPLES, Subject(Choice(size=144), dataset(), ran("a")), pictures)["stamp"] != stamp


def test_facts_name_both_models_and_leave_out_what_is_not_there() -> None:
    told = dict(facts(SAMPLES[0], dataset(), ran("a"), ran("b")))
    assert told["net-a"] == "cat"
    assert told["net-b"] == "dog"
    assert "Angle" not in told
    assert dict(facts(SAMPLES[1], dataset(), ran("a"), None))["Angle"] == "90.0°"
    assert dict(facts(SAMPLES[2], dataset(), None, None))["Condition"] == "fog/3"


def test_what_is_nearly_certain_is_not_called_certain() -> None:
    assert in_words("confidence", 0.99996) == "99.9960 %"
    assert in_words("confidence", 0.5) == "50.0 %"
    assert in_words("loss", float("inf")) == "inf"
