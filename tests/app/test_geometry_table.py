"""The table of one layer: its cells, and the key of the marks that are in it."""

from dataclasses import replace
from datetime import UTC, datetime

from analysis.measurements import Measurement
from app.geometry_choice import Network
from app.widgets.geometry.table import html, key, measured

NAN = float("nan")


def number(
    measure: str, value: float, *, why: str = "", caveats: tuple[str, ...] = (), off: float = NAN
) -> Measurement:
    return Measurement(
        "p", "conv1", 0, measure, {}, 1, value, 300, value - off, value + off, "", why, caveats, 0.0,
        datetime(2026, 11, 1, tzinfo=UTC),
    )  # fmt: skip


def test_marks_that_are_not_there_are_not_in_the_key() -> None:
    plain = Network("net", None, (number("twonn", 3.0),))
    assert key([plain], "conv1", ["twonn"]) == ""


def test_every_mark_is_in_the_key() -> None:
    first = Network("net", None, (number("twonn", 3.0, off=0.1), number("silhouette", NAN, why="not defined here")))
    other = Network("half", None, (number("twonn", 5.0, off=0.1, caveats=("few samples",)),))
    said = key([first, other], "conv1", ["twonn", "silhouette"])
    drawn = html([first, other], "conv1", ["twonn", "silhouette"])
    for mark, means in {"–": "not defined", "*": "caveat", "·": "not measured"}.items():
        assert f"{mark} " in said
        assert means in said
        assert mark in drawn
    assert "bold: its interval does not touch" in said
    assert drawn.count("class=apart") == 1
    assert "The cursor says why." in said


def test_one_group_needs_no_heading() -> None:
    net = Network("net", None, (number("twonn", 3.0), number("mle", 3.0), number("silhouette", 0.5)))
    assert "class=group" not in html([net], "conv1", ["twonn", "mle"])
    assert html([net], "conv1", ["twonn", "silhouette"]).count("class=group") == 2


def test_n_has_a_column() -> None:
    first, other = (Network("net", None, (replace(number("twonn", 3.0), samples=n),)) for n in (300, 1000))
    assert "<td class=n>300</td>" in html([first], "conv1", ["twonn"])
    assert "<td class=n>300 to 1,000</td>" in html([first, other], "conv1", ["twonn"])


def test_other_parameters_stand_behind_the_usual_ones_under_their_own_name() -> None:
    net = Network("net", None, (number("mle(k=5)", 4.0), number("twonn", 5.0), number("mle", 3.0)))
    names = measured([net], "conv1")
    assert names == ["mle", "mle(k=5)", "twonn"]
    assert "(MLE) (k 5)</th>" in html([net], "conv1", names)
