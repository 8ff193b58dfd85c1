"""Charts of measures by depth: lines, bands, single points, axes, and what the cursor says."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from analysis.measurements import Measurement
from app.figures.geometry_depth import FEW, Chart, Line, depth, logarithmic
from app.geometry_choice import Network
from app.widgets.geometry import picker
from app.widgets.geometry.depth import axis_of

TICKS = ("conv1", "layer1", "head's input")
NAN = float("nan")
WHEN = datetime(2026, 11, 1, tzinfo=UTC)


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


def test_a_number_at_the_head_alone_is_a_point_with_its_interval() -> None:
    few, point = (drawn(depth([chart(line(v, low=-1, high=2))], TICKS))[-1] for v in ([1.0, 2.0, 3.0], [NAN, NAN, 3.0]))
    assert few.error_y.array is None
    assert list(point.error_y.array) == [0, 0, 2]


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


def test_where_nothing_is_defined_the_chart_says_why() -> None:
    why = "not defined here because fewer than two classes have samples"
    empty = Chart("NC1", "", "", [line([NAN, NAN, NAN])], why)
    layout = depth([empty, chart(line([3, 2, 1]))], TICKS).to_dict()["layout"]
    said = [a["text"].replace("<br>", " ") for a in layout["annotations"]]
    assert said.count(why) == 1
    assert (layout["xaxis"]["visible"], layout["xaxis2"]["visible"]) == (False, True)


@pytest.mark.parametrize(("across", "most"), [(2, 5), (3, 4), (4, 3), (5, 2)])
def test_small_charts_name_a_few_layers_the_ends_among_them(across: int, most: int) -> None:
    places = np.arange(10.0)
    one = Line("net", "#0B6E69", places, [f"l{i}" for i in range(10)], places, places, places, [""] * 10)
    layout = depth([chart(one)] * across, [f"l{i}" for i in range(10)], across=across).to_dict()["layout"]
    shown = layout["xaxis"]["tickvals"]
    assert len(shown) == most
    assert (shown[0], shown[-1]) == (0, 9)


def taken(name: str, *taps: str) -> Network:
    numbers = tuple(
        Measurement(name, tap, i, "twonn", {}, 1, 1.0, 9, NAN, NAN, "", "", (), 0.0, WHEN) for i, tap in enumerate(taps)
    )
    return Network(name, None, numbers)


def test_variants_share_the_axis_of_the_one_with_all_layers() -> None:
    axis = axis_of((taken("net", "conv1", "layer1", "fc"), taken("half", "conv1", "fc")))
    assert axis.ticks == ("conv1", "layer1", "fc")
    assert axis.places["half"]["fc"] == 2
    assert (axis.own, axis.at("layer1"), axis.at("conv9")) == (False, 1, -1)


def test_models_with_other_layers_each_have_their_own_depth() -> None:
    axis = axis_of((taken("net", "conv1", "layer1", "layer2", "penultimate"), taken("vit", "embed", "penultimate")))
    assert (axis.ticks[0], axis.ticks[50], axis.ticks[-1]) == ("0 %", "50 %", "100 %")
    assert axis.places["vit"] == {"embed": 0, "penultimate": 100}
    assert (axis.own, axis.at("penultimate"), axis.at("layer1")) == (True, 100, pytest.approx(100 / 3))
