"""Heat maps of classes: what is clicked, what is told, a thousand classes as small numbers; pairs that stand out."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from app.figures.geometry_distributions import by_class
from app.figures.geometry_matrix import CLICKED, PAINTED, Scale, bounds, heat
from app.figures.geometry_ood import histograms
from app.figures.geometry_sphere import sphere, towards
from app.widgets.geometry.matrices import KINDS, Square, extremes, mixed

NAMES = ["cat", "dog", "<b>"]
VALUES = np.array([[np.nan, 0.5, -0.2], [0.5, np.nan, 0.1], [-0.2, 0.1, np.nan]])


def test_a_cell_says_its_classes_and_its_number() -> None:
    figure = heat(VALUES, NAMES, NAMES, Scale("signed", -0.5, 0.5, "cosine"), codes=([4, 7, 9], [4, 7, 9]))
    cells = figure.data[1]
    assert [list(c) for c in cells.customdata][:3] == [[4, 4], [4, 7], [4, 9]]
    assert cells.text[1] == "<b>cat</b><br><b>dog</b><br>cosine 0.50"
    assert "&lt;b&gt;" in cells.text[2]
    assert [a.text for a in figure.layout.annotations][:2] == [".50", "−.20"]


def test_a_thousand_classes_are_small_numbers_with_names_that_differ() -> None:
    count = CLICKED + 1
    values = np.linspace(-0.93, 0.93, count * count).reshape(count, count)
    values[3, 3] = np.nan
    names = [f"class {i // 2}" for i in range(count)]
    figure = heat(values, names, names, Scale("signed", -0.93, 0.93, "cosine"))
    (drawn,) = figure.data
    z = drawn.z
    if isinstance(z, dict):
        z = np.frombuffer(base64.b64decode(z["bdata"]), np.int8).reshape(count, count)
    assert np.asarray(z).dtype == np.int8
    np.testing.assert_allclose(np.asarray(z)[0, 0], -93)
    assert np.asarray(z)[3, 3] == 0
    assert len(set(drawn.x)) == count
    assert "× 0.01" in drawn.hovertemplate


def test_more_classes_are_a_picture_with_a_pixel_a_cell() -> None:
    count = PAINTED + 1
    values = np.linspace(-1, 1, count * count).reshape(count, count)
    values[3, 3] = np.nan
    names = [f"class {i}" for i in range(count)]
    figure = heat(values, names, names, Scale("signed", -1, 1, "cosine"))
    (picture,) = figure.layout.images
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.source.partition(",")[2]))).convert("RGBA"))
    assert pixels.shape == (count, count, 4)
    assert pixels[0, 0].tolist() == [37, 95, 145, 247]
    assert pixels[-1, -1].tolist() == [170, 76, 25, 247]
    assert pixels[3, 3, 3] == 0
    assert pixels[count // 2, count // 2, 3] < 4
    assert list(figure.data[0].y) == names


def test_colours_of_signed_numbers_are_even_about_nothing() -> None:
    assert bounds(VALUES, "signed") == (-0.5, 0.5)
    assert bounds(VALUES, "rising") == (-0.2, 0.5)
    assert bounds(np.full((2, 2), np.nan), "signed") == (-0.1, 0.1)
    assert bounds(np.ones((2, 2)), "rising") == (1.0, 1.1)


def test_the_pairs_that_stand_out_come_first() -> None:
    classes = np.array([2, 5, 8])
    rows, columns, values = extremes(Square(KINDS["weights"], classes, VALUES))
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(2, 5), (5, 8), (2, 8)]
    np.testing.assert_allclose(values, [0.5, 0.1, -0.2])
    rows, columns, values = extremes(Square(KINDS["margins"], classes, VALUES), most=2)
    np.testing.assert_allclose(values, [-0.2, -0.2])
    assert not len(extremes(Square(KINDS["weights"], classes[:1], np.full((1, 1), np.nan)))[0])


def test_errors_between_two_classes_are_counted() -> None:
    own, answers = np.array([0, 0, 1, 1, 2, -1]), np.array([1, 0, 0, 0, 2, 1])
    rows, columns = np.array([0, 1, 0]), np.array([1, 0, 2])
    assert mixed(own, answers, rows, columns, both=False).tolist() == [1, 2, 0]
    assert mixed(own, answers, rows, columns, both=True).tolist() == [3, 3, 0]
    assert mixed(own, own, rows, columns, both=True).tolist() == [0, 0, 0]


@pytest.mark.parametrize("count", [3, 60])
def test_spreads_give_their_class(count: int) -> None:
    quantiles = np.sort(np.random.default_rng(0).random((count, 5)), axis=1)
    figure = by_class(quantiles, [f"c{i}" for i in range(count)], list(range(count)), title="Length")
    median = next(d for d in figure.data if d.name == "median")
    assert [c[0] for c in median.customdata] == list(range(count))
    assert median.text[1].startswith("<b>c1</b><br>median ")


def test_points_tell_their_sample_and_whether_it_is_right() -> None:
    correct = np.array([1, 0, np.nan, 1], np.float32)
    figure = sphere(np.arange(4.0), np.arange(4.0), correct, np.array([3, 5, 7, 9]), ["a", "b", "c", "d"])
    assert {d.name: d.customdata.ravel().tolist() for d in figure.data} == {
        "right": [3, 9], "wrong": [5], "not known": [7]
    }  # fmt: skip
    dim = sphere(
        np.arange(4.0), np.arange(4.0), correct, np.array([3, 5, 7, 9]), list("abcd"), chosen=np.array([1, 0, 0, 0]) > 0
    )
    assert dim.data[0].marker.opacity[0] > dim.data[0].marker.opacity[1]


def test_angles_of_a_picture_without_a_head_are_to_means_alone() -> None:
    figure = towards(["a", "b"], None, np.array([30.0, np.nan]))
    assert [d.name for d in figure.data] == ["to the mean"]
    assert len(towards(["a", "b"], np.array([10.0, 20]), np.array([30.0, 40])).data) == 2


def test_histograms_are_shares_of_their_own_dataset() -> None:
    figure = histograms(np.array([0.0, 1, 2]), np.array([1, 3]), np.array([10, 0]), ("a", "b"), "score", threshold=1.0)
    assert [list(d.y) for d in figure.data] == [[25, 75], [100, 0]]
    assert figure.data[0].name == "a · 4"


@pytest.mark.parametrize(("count", "shown"), [(10, 10), (24, 24), (36, 18), (40, 20)])
def test_names_at_the_sides_keep_room_for_each_other(count: int, shown: int) -> None:
    names = [f"layer {i}" for i in range(count)]
    layout = heat(np.eye(count), names, names, Scale("rising", 0, 1), height=360).to_dict()["layout"]
    assert layout["yaxis"]["ticktext"][-1] == names[layout["yaxis"]["tickvals"][-1]]
    assert len(layout["yaxis"]["tickvals"]) == len(layout["xaxis"]["tickvals"]) == shown


def test_a_few_extremes_of_many_cells_do_not_wash_out_the_rest() -> None:
    values = np.concatenate([np.linspace(-0.2, 0.2, 1000), [1.0] * 10])
    assert bounds(values, "signed") == (-1, 1)
    low, high = bounds(values, "signed", clipped=True)
    assert high == -low == pytest.approx(0.19, abs=0.005)
    assert bounds(np.arange(101.0), "falling", clipped=True) == (2.5, 97.5)
    assert bounds(np.arange(101.0), "falling") == (0, 100)
