"""Similarity of layers and of models: names that tell variants apart, the span of its colours and of its axis."""

import numpy as np
import pytest

from analysis.geometry.matrices import Matrix
from app.figures.geometry_similarity import by_layer
from app.widgets.geometry.similarity import ended, scale


def matrix(measure: str, off: float) -> Matrix:
    values = np.array([[1.0, off], [off, 1.0]])
    nothing = np.full((2, 2), np.nan)
    names = ("conv1", "layer1")
    return Matrix(measure, names, names, values, nothing, nothing, np.full((2, 2), 9), (("", ""), ("", "")), "", ())


def test_variants_are_told_apart_by_their_last_words() -> None:
    names = ["shapes-cnn", "shapes-cnn-global-magnitude-50", "shapes-cnn-global-magnitude-95"]
    assert ended(names) == ["shapes-cnn", "…magnitude-50", "…magnitude-95"]
    assert ended(["photos-of-birds-at-night-50", "prints-of-birds-at-night-50"]) == [
        "photos-of-birds-at-night-50",
        "prints-of-birds-at-night-50",
    ]


@pytest.mark.parametrize(("off", "low"), [(0.3, 0.0), (-0.001, 0.0), (-0.12, -0.2)])
def test_chance_below_zero_does_not_stretch_the_colours(off: float, low: float) -> None:
    found = matrix("cka", off)
    assert (scale(found, found.values).low, scale(found, found.values).high) == (pytest.approx(low), 1.0)


def test_a_likeness_is_drawn_from_0_to_1_a_distance_as_far_as_it_goes() -> None:
    line = {"half": (np.array([0.06, 0.05]), np.full(2, np.nan), np.full(2, np.nan))}
    of_likeness, of_distance = (
        by_layer(line, ["conv1", "fc"], {"half": "#0B6E69"}, "CKA", distance=d).to_dict()["layout"]["yaxis"]
        for d in (False, True)
    )
    assert of_likeness["range"][0] == 0.0
    assert of_likeness["range"][1] >= 1.0
    assert "range" not in of_distance
