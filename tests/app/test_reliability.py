"""The reliability diagram: a bar where there are samples, its height their accuracy, faint where they are few."""

import math

from analysis.records import ReliabilityBin
from app.figures.reliability import reliability_diagram

BINS = [
    ReliabilityBin(0.0, 0.5, 0, math.nan, math.nan),
    ReliabilityBin(0.5, 0.75, 5, 0.7, 0.6),
    ReliabilityBin(0.75, 1.0, 400, 0.95, 0.9),
]


def test_bars_stand_where_there_are_samples() -> None:
    accuracy, samples = reliability_diagram(BINS).data
    assert list(accuracy.y) == [0.6, 0.9]
    assert list(samples.y) == [5, 400]
    assert [tuple(ends) for ends in accuracy.customdata] == [(0.5, 0.75), (0.75, 1.0)]
    assert list(accuracy.x) == [0.625, 0.875]


def test_few_samples_are_faint() -> None:
    few, many = reliability_diagram(BINS).data[0].marker.color
    assert float(few.split(",")[3].rstrip(")")) < float(many.split(",")[3].rstrip(")"))


def test_each_gap_reaches_from_accuracy_to_confidence() -> None:
    gaps = [s for s in reliability_diagram(BINS).layout.shapes if s.x0 == s.x1]
    assert [(s.x0, s.y0, s.y1) for s in gaps] == [(0.7, 0.6, 0.7), (0.95, 0.9, 0.95)]


def test_nothing_is_drawn_for_no_bins() -> None:
    assert len(reliability_diagram([]).data[0].x or ()) == 0
