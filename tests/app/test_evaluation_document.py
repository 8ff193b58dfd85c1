"""What the browser is sent of the evaluation table: words, shares of the ramp, bins, marks, published rows."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.robustness.published import Published
from analysis.sweeps import Cell, SweepRecord
from app.evaluation import Summary, evaluated
from app.evaluation_document import Drawn, document
from app.evaluation_order import order
from app.evaluation_words import said, summary_said
from tests import sweeps
from tests.app.test_evaluation import cells_of

SWEEP = sweeps.record(3, 16, samples=50)


def drawn(sweep: SweepRecord = SWEEP, score: str = "accuracy", sort: str = "", **changes: Any) -> Drawn:
    shape = (len(sweep.members), len(sweep.conditions))
    accuracy = np.linspace(0.2, 0.9, shape[0] * shape[1]).reshape(shape)
    cells = cells_of(sweep, accuracy) | {(1, 1): Cell(1, 1, "failed", "NaN in the logits")}
    found = evaluated(sweep, range(shape[0]), 0, score, cells)
    histograms = np.zeros((*shape, 4), np.int64)
    histograms[..., 1] = 3
    histograms[..., 2] = 6
    three = np.array([100.0, 150.0, np.nan])
    mce = Summary("mce", "mCE", "Mean corruption error", three, three - 2, three + 2)
    made = Drawn(
        sweep=sweep, found=found, order=order(sweep, found, sort, None, {"mce": three}), score=score, severity=0,
        number="margin", histograms=histograms, edges=np.array([-1.0, 0.0, 1.0, 2.0, 3.0]), summaries=[mce], sort=sort,
        a=(0, 0), b=(2, 8), large=False, height=300,
    )  # fmt: skip
    return replace(made, **changes)


def column(found: dict[str, Any], key: str) -> int:
    return [head["key"] for head in found["columns"]].index(key)


def test_columns_begin_with_what_sums_up_and_stand_in_groups() -> None:
    found = document(drawn())
    keys = [head["key"] for head in found["columns"]]
    assert keys[:3] == ["clean", "mean", "mce"]
    assert keys[3:] == list(sweeps.CORRUPTIONS[:16])
    assert [h["group"] for h in found["columns"]][-1] == "extra"
    assert found["columns"][3]["label"] == "Gaussian"
    assert found["columns"][-1]["label"] == "speckle noise"


def test_a_cell_says_its_number_its_share_and_its_bins() -> None:
    found = document(drawn())
    first, last = found["cells"][0][0], found["cells"][2][column(found, "speckle_noise")]
    assert (first["text"], first["short"]) == ("20.0 %", "20")
    assert first["share"] == 0.0
    assert 0.9 < last["share"] <= 1.0
    assert first["counts"] == [0, 50, 99, 0]
    assert first["interval"].endswith("(95 %)")
    assert last["interval"] == ""  # a mean over severities
    assert found["split"] == 0.25  # a margin of zero, a quarter along the axis
    assert found["cells"][1][column(found, "mce")]["interval"] == "148.0 % to 152.0 % (95 %)"
    assert found["cells"][2][column(found, "mce")]["state"] == "missing"


def test_a_failed_cell_says_why() -> None:
    found = document(drawn())
    cell = found["cells"][1][column(found, "gaussian_noise")]
    assert (cell["state"], cell["why"]) == ("part", "NaN in the logits")


def test_marks_stand_where_the_two_representations_are() -> None:
    found = document(drawn(sort="name"))
    names = [row["name"] for row in found["rows"]]
    assert found["a"] == [names.index("net"), 0]
    assert found["b"] == [names.index(SWEEP.members[2].name), column(found, "shot_noise")]


def test_a_gap_has_a_ramp_with_nothing_in_the_middle() -> None:
    found = document(drawn(score="gap"))
    assert found["diverging"]
    assert found["cells"][0][0]["share"] == 0.0
    assert {cell["short"] for cell in found["cells"][0] if cell["state"] == ""} == {"0", "100"}  # 100: mCE


def test_names_leave_out_what_stands_beside_them() -> None:
    rows = document(drawn())["rows"]
    assert [(row["label"], row["sparsity"]) for row in rows] == [
        ("net", ""), ("random", "50 %"), ("global-magnitude", "50 %"),
    ]  # fmt: skip
    assert rows[0]["reference"]


def test_published_rows_are_marked_and_below() -> None:
    row = Published("k", "AugMix", "CIFAR-10-C", {"gaussian_noise": 0.25, "fog": 0.1}, {("fog", 2): 0.05}, clean=0.97)
    found = document(drawn(published=[row]))
    assert [r["published"] for r in found["rows"]] == [False, False, False, True]
    cells = found["cells"][3]
    assert cells[column(found, "clean")]["text"] == "97.0 %"
    assert cells[column(found, "fog")]["text"] == "90.0 %"
    assert cells[column(found, "snow")]["state"] == "missing"
    assert cells[column(found, "mce")]["text"] == ""
    one = document(drawn(published=[row], severity=2))
    assert one["cells"][3][column(one, "fog")]["text"] == "95.0 %"
    assert one["cells"][3][column(one, "gaussian_noise")]["text"] == ""


@pytest.mark.parametrize(
    ("value", "score", "text", "short"),
    [
        (0.7134, "accuracy", "71.3 %", "71"),
        (-0.0004, "gap", "0.0 %", "0"),
        (-0.123, "gap", "−12.3 %", "−12"),
        (0.05, "gap", "+5.0 %", "+5"),
        (1.23456, "nll", "1.23", "1.2"),
        (float("nan"), "accuracy", "", ""),
    ],
)
def test_scores_as_people_read_them(value: float, score: str, text: str, short: str) -> None:
    assert said(value, score) == text
    assert said(value, score, brief=True) == short


def test_summaries_in_points_have_a_sign_where_more_is_better() -> None:
    nothing = np.zeros(1)
    effective = Summary("effective", "effective", "", nothing, nothing, nothing, points=True, worse=False)
    assert summary_said(2.34, effective) == "+2.3 points"
    assert summary_said(-0.04, effective) == "0.0 points"
    assert summary_said(2.34, replace(effective, worse=True)) == "2.3 points"


def test_nothing_at_all_can_be_drawn() -> None:
    """One member, clean only, no linear head, no cell."""
    sweep = sweeps.record(1, 0, linear=False)
    found = evaluated(sweep, (0,), 0, "accuracy", {})
    arranged = order(sweep, found, "", None, {})
    made = document(
        replace(drawn(), sweep=sweep, found=found, order=arranged, b=(0, 0), summaries=[], histograms=None, edges=None)
    )
    assert made["cells"][0][0]["state"] == "missing"
    assert made["ends"] == []
