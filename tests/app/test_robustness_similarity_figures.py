"""Map, matrix, tree and redundancy drawn: what can be clicked is who it says, and nothing is named that has no room."""

import numpy as np
import pytest
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from app.figures.robustness_dendrogram import dendrogram
from app.figures.robustness_matrix import CLICKED, matrix
from app.figures.robustness_redundancy import Step, redundancy
from app.figures.robustness_similarity import GROUPS, Spot, similarity

COLOURS = {"one": "#0B6E69", "other": "#C2571A"}


def spots(count: int) -> list[Spot]:
    return [Spot(f"net {i}", "one" if i % 2 else "other", words=("w",)) for i in range(count)]


def apart(count: int) -> np.ndarray:
    points = np.random.default_rng(count).normal(size=(count, 5))
    return np.linalg.norm(points[:, None] - points, axis=2)


def carrying(figure):
    (found,) = [t for t in figure.data if t.customdata is not None and t.type == "scatter"]
    return found


def test_a_point_lies_where_it_is_and_an_edge_joins_two() -> None:
    at = np.random.default_rng(0).normal(size=(6, 2))
    figure = similarity(spots(6), at, [(0, 3), (3, 5)], COLOURS, marks={"a": 2, "b": 4})
    points = carrying(figure)
    assert np.ravel(points.customdata).tolist() == [0, 1, 2, 3, 4, 5]
    assert np.allclose(points.x, at[:, 0])
    (tree,) = [t for t in figure.data if t.name == "minimum spanning tree"]
    assert np.allclose(tree.x, [*at[[0, 3], 0], np.nan, *at[[3, 5], 0], np.nan], equal_nan=True)
    (rings,) = [t for t in figure.data if t.name == "compared"]
    assert list(rings.text) == ["<b>a</b>", "<b>b</b>"]
    assert np.allclose(rings.x, at[[2, 4], 0])
    assert figure.layout.yaxis.scaleanchor == "x"


def test_no_edges_no_marks() -> None:
    figure = similarity(spots(1), np.zeros((1, 2)), [], COLOURS)
    assert [t.name for t in figure.data] == ["points", "other"]


@pytest.mark.parametrize("count", [4, 30])
def test_leaves_stand_at_the_feet_of_their_brackets(count: int) -> None:
    drawn = hierarchy.dendrogram(hierarchy.linkage(squareform(apart(count), checks=False), "average"), no_plot=True)
    brackets = np.array(drawn["icoord"]), np.array(drawn["dcoord"])
    figure = dendrogram(spots(count), brackets, drawn["leaves"], COLOURS, marks={"b": 2}, height=300)
    leaves = carrying(figure)
    assert np.ravel(leaves.customdata).tolist() == drawn["leaves"]
    assert list(leaves.y) == list(range(count))
    (tree,) = [t for t in figure.data if t.name == "tree"]
    feet = sorted(y for x, y in zip(tree.x, tree.y, strict=True) if x == 0)
    assert feet == list(range(count))  # every leaf has one foot at distance 0
    names = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    assert names[drawn["leaves"].index(2)] == "<b>net 2 (b)</b>"
    assert len(names) == (count if count == 4 else 1)  # thirty names do not fit into 300 pixels


def test_the_matrix_is_in_the_order_given_and_a_cell_names_its_two() -> None:
    distances, order = apart(5), [3, 1, 4, 0, 2]
    figure = matrix(spots(5), distances, order, COLOURS, height=520)
    (heat,) = [t for t in figure.data if t.type == "heatmap"]
    assert np.allclose(heat.z, distances[np.ix_(order, order)])
    cells = carrying(figure)
    for (row, column), x, y in zip(cells.customdata, cells.x, cells.y, strict=True):
        assert (order[int(y)], order[int(x)]) == (row, column)
    assert list(figure.layout.yaxis.ticktext) == [f"net {i}" for i in order]


def test_a_large_matrix_has_neither_names_nor_thousands_of_points() -> None:
    count = CLICKED + 1
    figure = matrix(spots(count), apart(count), list(range(count)), COLOURS, height=320)
    assert not [t for t in figure.data if t.type == "scatter"]
    assert list(figure.layout.xaxis.ticktext) == []
    (heat,) = [t for t in figure.data if t.type == "heatmap"]
    assert heat.customdata[1][2] == "net 1<br>net 2"


def test_taus_with_their_intervals_and_the_names_kept() -> None:
    steps = [Step(("fog",), 0.5, 0.3, 0.6), Step(("fog", "snow"), 0.9)]
    below, above = np.array([[1, 0.4], [0.4, 1]]), np.array([[1, 0.7], [0.7, 1]])
    figure = redundancy(["fog", "snow"], above, below, steps)
    (heat,) = [t for t in figure.data if t.type == "heatmap"]
    assert np.allclose(heat.z, [[1, 0.7], [0.4, 1]])
    assert heat.customdata[0][1] == "fog<br>snow<br>changes of the margin"
    assert heat.customdata[1][0] == "snow<br>fog<br>accuracies"
    (taus,) = [t for t in figure.data if t.name == "tau"]
    assert list(taus.x) == [1, 2]
    assert list(taus.text) == ["fog", "fog<br>snow"]
    assert np.allclose(taus.error_y.array, [0.1, 0])
    assert np.allclose(taus.error_y.arrayminus, [0.2, 0])
    assert [c[0] for c in taus.customdata] == ["0.50 (0.30 to 0.60)", "0.90"]
    low, high = figure.layout.yaxis2.range
    assert low < 0.3
    assert high > 1


def test_redundancy_of_nothing_known_is_a_figure_too() -> None:
    nothing = np.full((2, 2), np.nan)
    figure = redundancy(["fog", "snow"], nothing, nothing, [])
    assert figure.layout.yaxis2.range[0] < figure.layout.yaxis2.range[1]


def test_every_group_of_corruptions_has_a_colour_of_its_own() -> None:
    from app.robustness_words import GROUPS as KNOWN

    assert set(KNOWN) <= set(GROUPS)
    assert len(set(GROUPS.values())) == len(GROUPS)


def test_what_is_clicked_comes_back_as_a_list() -> None:
    """An array would be sent as bytes, and its rows come back from the browser as objects."""
    from app.figures.robustness_local import Cloud, Titles, arrows

    cloud = Cloud("", np.arange(3.0), np.arange(3.0), np.zeros(3, np.int8))
    order = [0, 1, 2]
    for figure in (
        similarity(spots(3), np.zeros((3, 2)), [], COLOURS),
        matrix(spots(3), apart(3), order, COLOURS),
        dendrogram(spots(3), (np.zeros((2, 4)), np.zeros((2, 4))), order, COLOURS),
        arrows(cloud, cloud, np.arange(3), [""] * 3, Titles("", "")),  # all wrong: one trace
    ):
        assert isinstance(carrying(figure).to_plotly_json()["customdata"], list | tuple)
