"""One sample, large: the mask darkens what it leaves out, boxes frame what they name, the label is marked."""

import numpy as np
from PIL import Image

from analysis.records import Sample
from app.figures.single import document, picture
from tests.app.test_samples_choice import dataset, ran

GREY = Image.new("L", (20, 10), 100)


def test_the_picture_is_as_it_was_where_the_mask_is() -> None:
    mask = np.zeros((10, 20), bool)
    mask[2:5, 3:9] = True
    drawn = np.asarray(picture(GREY, mask))
    assert (drawn[mask] == 100).all()
    assert (drawn[~mask] < 50).all()


def test_boxes_are_drawn_on_an_enlarged_picture_where_they_are() -> None:
    drawn = np.asarray(picture(GREY, None, [(2, 3, 12, 8, "dog")]))
    scale = 512 // 20
    assert drawn.shape == (10 * scale, 20 * scale, 3)
    assert tuple(drawn[3 * scale, 7 * scale]) == (255, 176, 0)
    assert tuple(drawn[5 * scale + 7, 9 * scale + 3]) == (100, 100, 100)


def test_a_large_picture_is_sent_smaller() -> None:
    assert picture(Image.new("RGB", (4000, 1000))).size == (1024, 256)


def test_each_model_has_its_word_and_the_label_is_marked() -> None:
    row = Sample(3, "three", 1, 20, 10, prediction=0, correct=False, top_classes=(0, 1), top_probabilities=(0.7, 0.3))
    swapped = ran("b", class_map=(1, 0, -1))
    drawn = document(picture(GREY), dataset(), [(row, ran("a")), (row, swapped)], row, "2 of 9", (True, False))
    first, second = drawn["models"]
    assert [(c["name"], c["probability"], c["labelled"]) for c in first["top"]] == [
        ("cat", 0.7, False),
        ("dog", 0.3, True),
    ]
    assert [c["labelled"] for c in second["top"]] == [True, False]
    assert first["verdict"] == "wrong"
    assert drawn["label"] == "Label: dog"
    assert (drawn["before"], drawn["after"]) == (True, False)


def test_a_sample_that_no_model_has_seen_is_shown_all_the_same() -> None:
    row = Sample(3, "three", -1, 20, 10)
    drawn = document(picture(GREY), dataset(), [], row, "", (False, False))
    assert drawn["models"] == []
    assert drawn["label"] == "No label"
