"""The figures of class maps: every place has its winner, the legend its shares, the cursor its numbers."""

import numpy as np
import pytest
from PIL import Image

from analysis.types import ClassMaps
from app.figures.class_maps import COLOURS, areas, class_logit, winning_classes

PICTURE = Image.new("RGB", (60, 40), "red")


def maps(values: np.ndarray) -> ClassMaps:
    names = tuple(f"class <{i}>" for i in range(len(values)))
    return ClassMaps(values.astype(np.float32), names, "layer", "digest", "fingerprint")


@pytest.fixture
def three() -> ClassMaps:
    """Class 2 wins three places, class 0 one; class 1 none, though it comes second everywhere."""
    values = np.array([[[9, 0], [0, 0]], [[5, 5], [5, 5]], [[1, 7], [8, 6]]])
    return maps(values)


def test_areas_are_shares_of_the_places_largest_first(three: ClassMaps) -> None:
    assert areas(three) == [(2, 0.75), (0, 0.25)]


def test_the_cursor_reads_the_class_its_logit_and_the_runner_up(three: ClassMaps) -> None:
    text = winning_classes(three, PICTURE).data[0].text
    assert text[0][0] == "class &lt;0&gt;: logit 9<br>runner-up class &lt;1&gt;: logit 5"
    assert text[1][0] == "class &lt;2&gt;: logit 8<br>runner-up class &lt;1&gt;: logit 5"


def test_the_legend_names_the_classes_that_occur(three: ClassMaps) -> None:
    heatmap, *legend = winning_classes(three, PICTURE).data
    assert [entry.name for entry in legend] == ["class &lt;2&gt;  75%", "class &lt;0&gt;  25%"]
    assert np.array_equal(heatmap.z, [[1, 0], [0, 0]])


def test_what_is_past_the_colours_is_grey_and_counted() -> None:
    values = np.eye(12).reshape(12, 3, 4)
    *_, last = winning_classes(maps(values), PICTURE).data
    assert last.name == f"{12 - len(COLOURS)} more  42%"


def test_one_class_is_drawn_with_zero_in_the_middle(three: ClassMaps) -> None:
    (heatmap,) = class_logit(three, 2, PICTURE).data
    assert np.array_equal(heatmap.z, three.values[2])
    assert (heatmap.zmin, heatmap.zmax) == (-8, 8)


def test_the_cells_fill_the_picture_in_its_proportions(three: ClassMaps) -> None:
    figure = winning_classes(three, PICTURE)
    assert (figure.data[0].x0, figure.data[0].dx) == (0.25, 0.5)
    assert figure.layout.yaxis.scaleratio == pytest.approx(40 / 60)
    assert tuple(figure.layout.yaxis.range) == (1, 0)
