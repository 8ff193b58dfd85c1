"""Charts of measures by depth: lines, bands, single points, axes, and what the cursor says."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from app.figures.geometry_depth import FEW, Chart, Line, depth, logarithmic
from app.geometry_choice import Network
from app.widgets.geometry import picker

TICKS = ("conv1", "layer1", "head's input")
NAN = float("nan")


def line(values: list[float], name: str = "net", low: float = NAN, high: float = NAN) -> Line:
    there = np.array(values, float)
    return Line(
        name, "#0B6E69", np.arange(len(there), dtype=float), TICKS[: len(there)], there, there + low, there + high,
        ["n = 300"] * len(there),
    )  # fmt: skip


def chart(*lines: Line, title: str = "NC1", unit: str = "") -> Chart:
    return Chart(title, unit, "Near zero: classes are points.", lines)


def drawn(figure: go.Figure) -> list[Any]:
    return list(figure.data)  # pyright: ignore[reportArgumentType]


def test_a_line_a_model_and_measure() -> None:
    figure = depth([chart(line([3, 2, 1]), line([4, 3, 2], "half"), title=t) for t in ("NC1", "TwoNN")], TICKS)
    found = drawn(figure)
    assert [(t.name, list(t.y)) for t in found[:2]] == [("net", [3, 2, 1]), ("half", [4, 3, 2])]
    assert len(found) == 4
    assert [t.showlegend for t in found] == [True, True, False, False]
    assert found[0].customdata[2][1] == TICKS[2]


def test_intervals_are_bands() -> None:
    band, _ = drawn(depth([chart(line([3, 2, 1], low=-0.5, high=0.5))], TICKS))
    assert list(band.y) == [3.5, 2.5, 1.5, 0.5, 1.5, 2.5]
    assert band.hoverinfo == "skip"


def test_one_layer_is_a_point_with_its_interval() -> None:
    (point,) = drawn(depth([chart(line([3], low=-1, high=2))], TICKS[:1]))
    assert point.mode == "markers"
    assert (point.error_y.array[0], point.error_y.arrayminus[0]) == (2, 1)


def test_the_cursor_says_number_and_samples_and_escapes_names() -> None:
    (trace,) = drawn(depth([chart(line([3, NAN, 1], name="<b>net"), unit="degrees")], TICKS))
    assert "n = 300" in trace.text[0]
    assert "3 degrees" in trace.text[0]
    assert "&lt;b&gt;net" in trace.text[0]


def test_a_title_explains_its_measure() -> None:
    figure = depth([chart(line([3, 2, 1]))], TICKS)
    assert "classes are points" in figure.to_dict()["layout"]["annotations"][0]["hovertext"]


@pytest.mark.parametrize(
    ("values", "meant"),
    [([100, 10, 1], True), ([100, 10, 0], False), ([1, 0.1, 0.01], False), ([3, 2, 1], False), ([NAN, NAN], False)],
)
def test_what_spans_far_has_a_logarithmic_axis(values: list[float], meant: bool) -> None:
    assert logarithmic(chart(line(values))) is meant


def test_many_layers_do_not_all_have_their_name() -> None:
    places = np.arange(90.0)
    one = Line("net", "#0B6E69", places, [f"l{i}" for i in range(90)], places, places, places, [""] * 90)
    figure = depth([chart(one)], [f"l{i}" for i in range(90)])
    assert len(figure.to_dict()["layout"]["xaxis"]["tickvals"]) <= FEW


def test_nothing_measured_is_an_empty_chart() -> None:
    assert drawn(depth([chart()], ())) == []


def test_layers_of_several_networks_stand_in_one_order() -> None:
    assert picker.taps(()) == ()
    assert picker.taps((Network("net"),)) == ()
