"""The small figures of findings: a dot a number, its interval around it, what the claim is about in colour."""

import numpy as np

from analysis.robustness.evidence import Bar
from analysis.sweeps import Score
from app.figures.robustness_findings import MARKED, intervals

BARS = [
    Bar("fog and snow", Score(0.9, 0.85, 0.93)),
    Bar("<b>blur</b>", Score(0.4, 0.3, 0.5), marked=True),
    Bar("no interval", Score(0.1)),
]


def test_each_number_is_a_dot_with_its_interval() -> None:
    figure = intervals(BARS, "points")
    other, marked = figure.data
    np.testing.assert_allclose(other.x, [0.9, 0.1])
    assert list(other.y) == [0, 2]
    np.testing.assert_allclose(other.error_x.array, [0.03, 0.0])
    np.testing.assert_allclose(other.error_x.arrayminus, [0.05, 0.0])
    assert marked.marker.color == MARKED
    assert figure.layout.yaxis.ticktext[1] == "&lt;b&gt;blur&lt;/b&gt;"
    assert figure.layout.xaxis.title.text == "points"


def test_none_is_an_empty_figure() -> None:
    assert [len(trace.x) for trace in intervals([], "%", dark=True).data] == [0, 0]
