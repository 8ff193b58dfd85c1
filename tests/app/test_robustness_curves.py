"""Curves: every point carries what a click on it means, gaps keep variants apart, bands only where few lines are."""

import numpy as np
import pytest

from app.figures.robustness_curves import MOST_BANDS, Line, Scale, multiples, single

ACCURACY = Scale("Accuracy", share=True)


def line(name: str, family: str = "lrr", corruptions: int = 1) -> Line:
    values = np.linspace(0.9, 0.3, 6)[None].repeat(corruptions, 0)
    return Line(name, family, "#0B6E69", values, values - 0.02, values + 0.02)


def test_points_of_a_large_curve_carry_variant_and_severity() -> None:
    figure = single([line("a"), line("b")], "fog", ACCURACY)
    curves = [trace for trace in figure.data if trace.customdata is not None]
    assert [list(c.customdata[3]) for c in curves] == [["a", 3], ["b", 3]]
    np.testing.assert_allclose(curves[0].y, np.linspace(0.9, 0.3, 6))
    assert curves[0].line.dash != curves[1].line.dash  # of one colour
    assert sum(trace.fill == "toself" for trace in figure.data) == 2


def test_many_lines_have_no_bands() -> None:
    figure = single([line(f"v{i}") for i in range(MOST_BANDS + 1)], "fog", ACCURACY)
    assert not any(trace.fill == "toself" for trace in figure.data)


def test_small_curves_are_a_trace_a_family_and_an_axis_a_corruption() -> None:
    lines = [line("a", "lrr", 7), line("b", "lrr", 7), line("c", "snip", 7)]
    figure = multiples(lines, [f"corruption {k}" for k in range(7)], ACCURACY)
    curves = [trace for trace in figure.data if trace.customdata is not None]
    assert len(curves) == 7 * 2
    two = curves[0]
    assert two.y[6] is None  # a gap between the two variants
    assert list(two.customdata[7 + 4]) == ["b", 4, 0]
    assert len(two.x) == len(two.y) == len(two.customdata) == len(two.text) == 14
    assert len({trace.yaxis for trace in curves}) == 7
    assert [a.text for a in figure.layout.annotations] == [f"corruption {k}" for k in range(7)]


def test_cells_that_are_not_there_are_gaps() -> None:
    values = np.array([[0.9, np.nan, 0.5, np.nan, np.nan, 0.2]])
    figure = multiples([Line("a", "x", "#000000", values, values, values)] * 2, ["fog"], ACCURACY)
    curve = next(trace for trace in figure.data if trace.customdata is not None)
    assert [y is None for y in curve.y[:6]] == [False, True, False, True, True, False]


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_to_draw_is_no_error(dark: bool) -> None:
    nothing = np.full((1, 6), np.nan)
    single([], "fog", ACCURACY, dark=dark)
    multiples([Line("a", "x", "#000000", nothing, nothing, nothing)], ["fog"], Scale("NLL", share=False), dark=dark)
