"""The document of the columns: rows in order, differences from the base, verdicts, geometry with its changes."""

import base64
import math
from dataclasses import replace
from typing import Any, cast

import numpy as np
from PIL import Image

from analysis.arrays import relative_difference
from analysis.attribution import METHODS
from analysis.pipelines.side_by_side import Place
from analysis.types import Explanation, Picture, Prediction, Request
from app.figures.grid import Row
from app.figures.side import NOT_LINEAR, SAME, Cell, Column, Line, document
from models.preprocessing import CIFAR, IMAGENET
from tests.app.test_grid import FakeClassifier, attribution

ALL = {m.name: m for m in METHODS}
NAMES = ("cat", "dog", "owl")
PICTURE = Picture("d", "cat.jpg", Image.new("RGB", (60, 40), "red"))


class Model(FakeClassifier):
    class_names = NAMES


def cell(name: str, top: str = "cat", place: Place | None = None, target: str = "cat", seed: int = 0, **changes: Any):
    raw = np.random.default_rng(seed).normal(size=(8, 8)).astype(np.float32)
    order = [top, *(n for n in NAMES if n != top)]
    said = tuple(Prediction(NAMES.index(n), n, 0.5 - i / 10, 1.0 - i) for i, n in enumerate(order))
    found = Explanation("d", name, said, (attribution("gradcam", target, raw=raw),), {}, ())
    model = Model(name, name, changes.get("preprocessing", CIFAR))
    request = Request(())
    return Cell(Row(PICTURE, cast("Any", model), found, request), place, changes.get("linear", True))


def drawn(*cells: Cell, **line: Any) -> dict[str, Any]:
    columns = [Column(c.row.classifier.name, "", base=not i) for i, c in enumerate(cells)]
    return document(columns, [Line(cells, **line)], ALL, lambda _: "data:,")


def values(sent: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(sent["raw"]), "<f4").reshape(sent["shape"])


def test_a_difference_stands_beside_each_map_but_the_base_s() -> None:
    base, other = cell("dense", seed=1), cell("sparse", seed=2)
    rows = drawn(base, other)["rows"]
    assert [len(row["groups"][0]["maps"]) for row in rows] == [1, 2]
    own, difference = rows[1]["groups"][0]["maps"]
    assert difference["range"] == "symmetric"
    assert "range" not in own
    assert difference["file"] == f"{own['file']}.difference"
    first = base.row.explanation
    assert first is not None
    np.testing.assert_array_equal(values(difference), relative_difference(values(own), first.maps[0].raw))
    assert rows[1]["like"].startswith("r = ")


def test_equal_maps_say_so() -> None:
    difference = drawn(cell("dense"), cell("sparse"))["rows"][1]["groups"][0]["maps"][1]
    assert difference["remarks"] == [SAME]
    assert not values(difference).any()


def test_maps_of_other_classes_and_other_parts_of_the_picture_are_told_apart() -> None:
    moved = drawn(cell("dense"), cell("sparse", target="dog", seed=3))["rows"][1]
    assert moved["like"].endswith("it speaks of dog, the base's of cat")
    elsewhere = drawn(cell("dense"), cell("large", preprocessing=IMAGENET))["rows"][1]
    assert "another part of the picture" in elsewhere["why"]
    assert len(elsewhere["groups"][0]["maps"]) == 1


def test_verdicts_and_answers_that_moved() -> None:
    rows = drawn(cell("dense"), cell("sparse", top="dog"), cell("third"), known=(0, 0, None), truth="cat")["rows"]
    assert [row["verdict"] for row in rows] == ["right", "wrong", ""]
    assert [row["moved"] for row in rows] == [False, True, False]


def test_geometry_says_what_moved_where_both_are_to_the_same_class() -> None:
    base, near = Place(0, math.radians(30), 10.0, 2.0), Place(0, math.radians(45), 8.0, -1.0)
    rows = drawn(cell("dense", place=base), cell("sparse", place=near), cell("third", place=replace(near, against=1)))
    told = [row["geometry"] for row in rows["rows"]]
    assert told[0]["rows"] == [["Angle", "30.0°", ""], ["Length", "10", ""], ["Margin", "2", ""]]
    assert told[1]["rows"] == [["Angle", "45.0°", "+15.0°"], ["Length", "8", "−2"], ["Margin", "−1", "−3"]]
    assert [told[1]["to"], told[2]["to"]] == ["cat", "dog"]
    assert [change for _, _, change in told[2]["rows"]] == ["", "", ""]
    unmeasured = drawn(cell("dense", place=replace(base, margin=math.nan)))["rows"][0]["geometry"]
    assert unmeasured["rows"][2] == ["Margin", "none", ""]


def test_a_head_that_is_not_linear_says_why_there_is_no_geometry() -> None:
    assert drawn(cell("dense", linear=False))["rows"][0]["geometry"]["why"] == NOT_LINEAR


def test_what_is_still_computed_is_no_error() -> None:
    waiting = cell("sparse")
    waiting = replace(waiting, row=replace(waiting.row, explanation=None, waits=("map",)))
    rows = drawn(cell("dense"), waiting)["rows"]
    assert rows[1]["groups"][0]["waits"] == ["map"]
    assert (rows[1]["why"], rows[1]["like"], rows[1]["geometry"]["rows"], rows[1]["verdict"]) == ("", "", [], "")


def test_the_stamp_follows_what_is_drawn() -> None:
    one, same, other = drawn(cell("dense")), drawn(cell("dense")), drawn(cell("dense", top="dog"))
    assert one["stamp"] == same["stamp"] != other["stamp"]
