"""Global geometry: which axes, where samples lie on them, densities and brushes against numpy's own."""

import numpy as np
import pytest

from app.widgets.robustness.global_axes import FEW, NEAREST, Axis, axes, nearest
from app.widgets.robustness.global_document import BINS, LINES, bands, document, within
from app.widgets.robustness.local_rows import Rows
from app.widgets.robustness.parallel import read


def rows(count: int, classes: int, seed: int = 0, *, linear: bool = True) -> Rows:
    chance = np.random.default_rng(seed)
    truth = chance.integers(0, classes, count)
    prediction = np.where(chance.random(count) < 0.7, truth, chance.integers(0, classes, count)).astype(np.int16)
    numbers = {n: chance.random(count).astype(np.float32) for n in ("confidence", "loss", "angle", "length", "margin")}
    if not linear:
        numbers |= dict.fromkeys(("angle", "length", "margin"), np.full(count, np.nan, np.float32))
    correct = (prediction == truth).astype(np.int8)
    return Rows((0, seed), np.arange(count), truth, numbers | {"prediction": prediction, "correct": correct})


def angles(count: int, classes: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + 50).uniform(0.1, 2.5, (count, classes)).astype(np.float32)


def test_an_axis_for_each_of_a_few_classes_all_over_one_range() -> None:
    a, b = rows(30, 4), rows(30, 4, 1)
    one, other = angles(30, 4), angles(30, 4, 1)
    found = axes(["cat", "dog", "owl", "eel"], a, b, (one, other))
    assert [x.label for x in found] == ["cat", "dog", "owl", "eel", "length", "margin", "confidence"]
    assert np.allclose(found[2].a, np.degrees(one[:, 2]))
    assert np.allclose(found[2].b, np.degrees(other[:, 2]))
    both = np.degrees(np.concatenate([one, other]))
    assert {(x.least, x.most) for x in found[:4]} == {(both.min(), both.max())}
    assert found[-1].most == 1.0


def test_of_many_classes_the_true_the_predicted_the_nearest_and_the_others() -> None:
    many = FEW + 5
    a, b = rows(60, many), rows(60, many, 1)
    one = angles(60, many)
    found = axes([f"c{i}" for i in range(many)], a, b, (one, None))
    assert len(found) == 2 + NEAREST + 2 + 3
    named = {x.name: x for x in found}
    prediction = a.numbers["prediction"]
    near = [int(x.name.removeprefix("class ")) for x in found if x.name.startswith("class ")]
    for i in range(60):
        assert named["true"].a[i] == pytest.approx(np.degrees(one[i, a.truth[i]]))
        assert named["predicted"].a[i] == pytest.approx(np.degrees(one[i, prediction[i]]))
        rest = [one[i, c] for c in range(many) if c not in {*near, int(a.truth[i]), int(prediction[i])}]
        assert named["others least"].a[i] == pytest.approx(np.degrees(min(rest)), rel=1e-5)
        assert named["others mean"].a[i] == pytest.approx(np.degrees(np.mean(rest)), rel=1e-5)
    assert np.isnan(named["true"].b).all()


def test_the_nearest_are_those_that_wrong_predictions_fall_on() -> None:
    many = 30
    a, b = rows(4, many), rows(4, many, 1)
    a = Rows((0, 0), a.samples, np.array([0, 0, 0, -1]), a.numbers | {"prediction": np.array([7, 7, 9, 11])})
    b = Rows((0, 1), b.samples, np.array([0, 0, 0, -1]), b.numbers | {"prediction": np.array([0, 0, 9, 11])})
    far = np.full((4, many), 2.0)
    far[:, 3] = 0.5
    assert nearest(a, b, far, 3) == [3, 7, 9]


def test_without_angles_the_axes_are_those_of_the_rows() -> None:
    a, b = rows(9, 3), rows(9, 3, 1)
    assert [x.name for x in axes("abc", a, b, (None, None))] == ["angle", "length", "margin", "confidence", "loss"]
    crooked = rows(9, 3, linear=False)
    assert [x.name for x in axes("abc", crooked, crooked, (None, None))] == ["confidence", "loss"]


def test_a_truth_that_is_unknown_has_no_angle() -> None:
    many = FEW + 1
    a = rows(3, many)
    a = Rows((0, 0), a.samples, np.array([-1, 2, 3]), a.numbers)
    true = next(x for x in axes([str(i) for i in range(many)], a, a, (angles(3, many), None)) if x.name == "true")
    assert np.isnan(true.a).tolist() == [True, False, False]


def test_bands_count_as_numpy_does() -> None:
    chance = np.random.default_rng(0)
    one, other = chance.random(400), chance.random(400)
    one[5] = np.nan
    kept = np.isfinite(one)
    counts, _, _ = np.histogram2d(one[kept], other[kept], BINS, ((0, 1), (0, 1)))
    weights = np.zeros(BINS * BINS)
    for cell, weight in bands(one, other):
        weights[cell] = weight
    assert np.allclose(weights.reshape(BINS, BINS), np.sqrt(counts / counts.max()), atol=6e-4)
    assert bands(np.full(3, np.nan), np.ones(3)) == []


def axis(values: list[float], **changed) -> Axis:
    array = np.array(values, dtype=np.float32)
    return Axis("x", "x", "x", array, array, **({"least": 0.0, "most": 1.0} | changed))


def test_every_brush_must_hold() -> None:
    one = axis([0.1, 0.5, 0.9, np.nan])
    other = Axis("y", "y", "y", np.array([1.0, 5.0, 1.0, 1.0]), np.zeros(4), "", "", 0.0, 5.0)
    shown = np.array([True, True, True, True])
    assert within([one, other], {"x": (0.0, 0.6)}, shown).tolist() == [True, True, False, False]
    assert within([one, other], {"x": (0.0, 0.6), "y": (4.0, 5.0)}, shown).tolist() == [False, True, False, False]
    assert within([one, other], {"y": (0.0, 2.0)}, ~np.array([True, False, False, False])).sum() == 2
    assert within([one], {"x": (0.9, 1.0)}, shown).tolist() == [False, False, True, False]  # float32 of .9 lies below


def test_the_document_is_json_without_nan_and_knows_when_it_changed() -> None:
    import json

    one = [axis([0.1, np.nan, 0.9]), axis([0.2, 0.4, np.nan])]
    everything = np.ones(3, bool)
    given = (one, np.array([1, 0, -1]), everything)
    made = document(*given, np.array([True, True, False]), {"x": (0.1, 0.2)}, height=200, words="w")
    json.dumps(made, allow_nan=False)
    assert [line["right"] for line in made["lines"]] == [1, 0]
    assert made["lines"][1]["values"] == [None, pytest.approx(0.4, abs=1e-3)]
    again = document(*given, np.array([True, True, False]), {"x": (0.1, 0.2)}, height=200, words="w")
    other = document(*given, None, {}, height=200, words="w")
    assert made["stamp"] == again["stamp"] != other["stamp"]


def test_of_many_selected_samples_a_part_is_drawn() -> None:
    values = axis(np.linspace(0, 1, 5 * LINES).tolist())
    every = np.ones(5 * LINES, bool)
    made = document([values, values], every.astype(int), every, every, {}, height=200, words="")
    assert len(made["lines"]) == LINES


@pytest.mark.parametrize(
    "event",
    [None, {}, {"brushes": 3}, {"brushes": {"x": 3}}, {"brushes": {"x": [1]}}, {"brushes": {"x": ["a", "b"]}},
     {"brushes": {"x": [2, 1]}}, {"brushes": {"q": [0, 1]}}, {"brushes": {"x": [float("nan"), 1]}}],
)  # fmt: skip
def test_what_a_browser_cannot_mean_is_passed_over(event) -> None:
    assert read(event, {"x"}) == {}


def test_brushes_are_read() -> None:
    assert read({"brushes": {"x": [0.5, 2]}, "turn": 1}, {"x"}) == {"x": (0.5, 2.0)}
