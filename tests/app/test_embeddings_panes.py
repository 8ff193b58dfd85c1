"""What panes send to a browser, and which samples a lasso encloses."""

import base64
import struct
from dataclasses import dataclass

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.widgets.embeddings.panes import NONE, Colouring, Drawn, UploadMark, inside, palette, resolve
from app.widgets.embeddings.panes.choosing import read, seen
from app.widgets.embeddings.panes.packing import STEPS, bounds, document, levels, quantised
from app.widgets.embeddings.panes.shown import _number
from app.widgets.robustness import local_lasso

SQUARE = [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]
BOWTIE = [[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0]]  # crosses itself in (1, 1)
ARROW = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [2.0, 1.0], [0.0, 4.0]]  # a notch from above down to (2, 1)


def event(polygon: list, mode: str = "replace", **others) -> dict:
    return {"pane": 0, "mode": mode, "polygon": polygon, **others}


def pane(*points: tuple[float, ...]) -> list[Drawn]:
    return [Drawn("one", points=np.array(points, np.float32))]


def fetched(url: str, kind: str) -> np.ndarray:
    """What a page without the server's routes carries along."""
    return np.frombuffer(base64.b64decode(url.partition(",")[2]), kind)


# ------------------------------------------------------------------------------------------------------------- choosing


def test_a_square_has_its_left_and_lower_edges() -> None:
    drawn = pane((1, 1), (3, 1), (1, -1), (0, 1), (2, 1), (1, 0), (1, 2), (0, 0), (2, 2))
    assert resolve(event(SQUARE), drawn).tolist() == [0, 3, 5, 7]


def test_of_two_squares_that_share_an_edge_exactly_one_has_a_point_on_it() -> None:
    drawn = pane((2, 1), (2, 0.25))
    beside = [[x + 2, y] for x, y in SQUARE]
    assert resolve(event(SQUARE), drawn).tolist() == []
    assert resolve(event(beside), drawn).tolist() == [0, 1]


def test_the_notch_of_a_concave_lasso_is_outside() -> None:
    drawn = pane((2, 0.5), (2, 2), (0.5, 2), (3.5, 2))
    assert resolve(event(ARROW), drawn).tolist() == [0, 2, 3]


def test_what_a_self_crossing_lasso_leaves_out_is_outside() -> None:
    drawn = pane((0.2, 1), (1.8, 1), (1, 0.2), (1, 1.8))
    assert resolve(event(BOWTIE), drawn).tolist() == [0, 1]
    twice = SQUARE + SQUARE  # around it twice: even
    assert resolve(event(twice), pane((1, 1))).tolist() == []


@pytest.mark.parametrize("seed", range(5))
def test_any_lasso_agrees_with_the_one_of_local_geometry(seed: int) -> None:
    rng = np.random.default_rng(seed)
    polygon, points = rng.normal(size=(40, 2)), rng.normal(size=(2000, 2)).astype(np.float32)
    points[::17] = np.nan
    expected = local_lasso.inside((polygon[:, 0], polygon[:, 1]), points[:, 0], points[:, 1])
    assert np.array_equal(inside(polygon, points[:, 0], points[:, 1]), expected)
    assert 100 < expected.sum() < 1900


def test_single_precision_decides_and_not_the_sixteen_bits_of_the_picture() -> None:
    close = np.float32(1) - np.float32(6e-8)
    drawn = pane((close, 0.5), (1, 0.5), (1e6, 0.5))
    thin = [[float(close), 0.0], [1.0, 0.0], [1.0, 1.0], [float(close), 1.0]]
    assert resolve(event(thin), drawn).tolist() == [0]


def test_hidden_samples_and_those_without_a_place_are_never_chosen() -> None:
    drawn = pane((1, 1), (1, 1), (np.nan, 1), (1, 1))
    assert resolve(event(SQUARE), drawn, np.array([2, 0, 2, 1], np.uint8)).tolist() == [0, 3]


def test_a_lasso_chooses_among_all_samples_though_few_are_drawn() -> None:
    drawn = [Drawn("one", points=np.ones((5, 2), np.float32), rows=np.array([1]))]
    found = resolve(event(SQUARE), drawn)
    assert found.tolist() == [0, 1, 2, 3, 4]
    assert found.dtype == np.int32


def test_a_solid_pane_is_seen_through_its_matrix() -> None:
    """An eye at z = 4 that looks down on the points: what is nearer moves outwards, what is behind is not seen."""
    matrix = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, -1, 4]]
    drawn = pane((1, 1, 0), (1, 1, 3), (1, 1, 5), (-1, -1, 0), (1, 1, 4))
    around = [[0.2, 0.2], [0.3, 0.2], [0.3, 0.3], [0.2, 0.3]]
    assert resolve(event(around, matrix=matrix), drawn).tolist() == [0]
    assert np.isnan(seen(drawn[0].points, matrix)[[2, 4]]).all()
    outer = [[0.9, 0.9], [1.1, 0.9], [1.1, 1.1], [0.9, 1.1]]
    assert resolve(event(outer, matrix=matrix), drawn).tolist() == [1]
    mirrored = [[-1.1, -1.1], [-0.9, -1.1], [-0.9, -0.9], [-1.1, -0.9]]
    assert resolve(event(mirrored, matrix=matrix), drawn).tolist() == []


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        {},
        event(SQUARE[:2]),
        event([[0, 0], [1, float("nan")], [1, 1]]),
        event([[0, 0], [1, "x"], [1, 1]]),
        event([[0, 0], [1], [1, 1]]),
        event([[0, 0, 0], [1, 1, 1], [2, 2, 2]]),
        event([[0, 0]] * 5000),
        event(SQUARE, mode="all"),
        event(SQUARE) | {"pane": 1},
        event(SQUARE) | {"pane": -1},
        event(SQUARE) | {"pane": True},
        event(SQUARE) | {"pane": "0"},
        event(SQUARE, matrix=[1, 2, 3]),
        event(SQUARE, matrix="x"),
    ],
)
def test_what_is_no_lasso_is_passed_over(bad: object) -> None:
    assert read(bad, 1) is None
    if isinstance(bad, dict):
        assert resolve(bad, pane((1, 1))).tolist() == []


def test_a_pane_without_points_has_nothing_to_choose() -> None:
    assert resolve(event(SQUARE), [Drawn("waiting", why="soon")]).tolist() == []


@pytest.mark.parametrize("given", [None, True, "1", float("nan"), float("inf"), [1]])
def test_only_numbers_are_numbers(given: object) -> None:
    assert _number(given) is None
    assert _number(3.0) == 3


# -------------------------------------------------------------------------------------------------------------- packing


def test_places_come_back_to_within_half_a_step() -> None:
    points = np.random.default_rng(0).normal(0, [3, 40], (500, 2)).astype(np.float32)
    points[7, 1] = np.inf
    low, high = bounds(points)
    places = quantised(points, low, high)
    back = low + places / STEPS * (high - low)
    usable = np.arange(500) != 7
    assert (np.abs(back - points)[usable].max(axis=0) <= 0.5001 * (high - low) / STEPS).all()
    assert places[usable].min() == 0
    assert places[usable].max() == STEPS
    assert places[7].tolist() == [STEPS + 1, STEPS + 1]


@pytest.mark.parametrize("points", [np.full((4, 2), np.nan), np.ones((4, 2)), np.full((1, 3), 1e8), np.zeros((0, 2))])
def test_bounds_are_never_empty(points: np.ndarray) -> None:
    low, high = bounds(points.astype(np.float32))
    assert (high > low).all()
    quantised(points.astype(np.float32), low, high)


def test_numbers_become_levels_and_nan_none() -> None:
    found = levels(np.array([0, 1, 2, -5, 9, np.nan, np.inf, -np.inf]), 0, 2)
    assert found.tolist() == [0, STEPS // 2, STEPS, 0, STEPS, NONE, STEPS, 0]
    assert levels(np.array([3.0, np.nan]), 3, 3).tolist() == [0, NONE]


def test_classes_are_one_byte_up_to_254_and_two_beyond() -> None:
    few = document([], Colouring("category", codes=np.array([0, 2, NONE, 7]), names=["a", "b", "c"]), None, (), 4)
    assert fetched(few["colour"]["codes"], "u1").tolist() == [0, 2, 255, 255]
    assert few["colour"]["counts"] == [1, 0, 1]
    assert few["colour"]["none"] == 2
    names = [str(i) for i in range(1000)]
    many = document([], Colouring("category", codes=np.array([0, 999, -1]), names=names), None, (), 3)
    assert fetched(many["colour"]["codes"], "<u2").tolist() == [0, 999, NONE]
    assert len(many["colour"]["palette"]) == 1000


def test_only_the_rows_that_a_pane_draws_are_sent() -> None:
    points = np.arange(20, dtype=np.float32).reshape(10, 2)
    drawn = [Drawn("a", points=points, rows=np.array([1, 4])), Drawn("b", points=points, rows=np.array([4, 8]))]
    lit = np.arange(10, dtype=np.uint8) % 3
    colouring = Colouring("category", codes=np.arange(10), names=list("abcdefghij"))
    found = document(drawn, colouring, lit, (), 10)
    assert (found["size"], found["samples"]) == (3, 10)
    assert fetched(found["rows"], "<u4").tolist() == [1, 4, 8]
    assert fetched(found["lit"], "u1").tolist() == [1, 1, 2]
    assert fetched(found["colour"]["codes"], "u1").tolist() == [1, 4, 8]
    first = fetched(found["panes"][0]["points"], "<u2").reshape(3, 2)
    assert (first[:, 0] == STEPS + 1).tolist() == [False, False, True]  # the second pane's own
    whole = document([*drawn, Drawn("c", points=points)], colouring, lit, (), 10)
    assert (whole["size"], whole["rows"]) == (10, "")


def test_fifty_thousand_samples_in_two_panes_are_half_a_megabyte() -> None:
    points = np.random.default_rng(0).normal(size=(50_000, 2)).astype(np.float32)
    drawn = [Drawn(name, points=points) for name in "ab"]
    colouring = Colouring("category", codes=np.zeros(50_000), names=[str(i) for i in range(1000)])
    found = document(drawn, colouring, np.full(50_000, 2, np.uint8), (), 50_000)
    urls = [found["lit"], found["colour"]["codes"], *(p["points"] for p in found["panes"])]
    assert [len(fetched(url, "u1")) for url in urls] == [50_000, 100_000, 200_000, 200_000]


def test_what_is_said_of_a_pane_is_kept_short() -> None:
    @dataclass
    class Line:
        level: float
        x: np.ndarray
        y: np.ndarray

    line = Line(0.5, np.array([0.123456789, 1]), np.array([2, 1234567.0]))
    drawn = [
        Drawn("t" * 500, points=np.zeros((2, 2), np.float32), contours=[line]),
        Drawn("b", why="later", progress=0.5),
    ]
    found = document(drawn, Colouring("number"), None, [UploadMark(1, (0, np.float32(1)), "u" * 500, "data:")], 2)
    assert len(found["panes"][0]["title"]) == 200
    assert found["panes"][0]["contours"] == [[0.5, [0.12346, 2.0, 1.0, 1234600.0]]]
    assert found["panes"][1] | {"title": ""} == {
        "title": "",
        "subtitle": "",
        "why": "later",
        "progress": 0.5,
        "points": "",
        "dims": 2,
    }
    assert found["uploads"] == [{"pane": 1, "point": [0.0, 1.0], "name": "u" * 200, "src": "data:"}]


@pytest.mark.parametrize("count", [0, 1, 13, 14, 1000])
def test_neighbouring_classes_have_different_colours(count: int) -> None:
    found = palette(count)
    assert len(found) == count
    channels = np.array([struct.unpack("BBB", bytes.fromhex(colour[1:])) for colour in found], int).reshape(-1, 3)
    assert (np.abs(np.diff(channels, axis=0)).sum(axis=1) > 60).all()


# ---------------------------------------------------------------------------------------------------------- in a script

SCRIPT = """
import numpy as np
import streamlit as st
from app.widgets.embeddings.panes import Colouring, Drawn, panes

points = np.zeros((4, 2), np.float32)
drawn = [Drawn("a", points=points), Drawn("b", why="soon")]
panes(
    drawn, Colouring("category", codes=np.zeros(4), names=["x"]), key="shown",
    on_choose=lambda e: st.session_state.update(chosen=e), on_pick=lambda s: st.session_state.update(sample=s),
    on_hide=lambda c: st.session_state.update(hid=c),
)
"""


def test_a_script_draws_them() -> None:
    at = AppTest.from_string(SCRIPT, default_timeout=30).run()
    assert not at.exception
