"""Who is beaten by none, where a model stands on an axis, and why it stands nowhere."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from analysis.pipelines.variants import Member
from analysis.records import Measures, Speed
from app.tradeoffs import COSTS, WORTH, card_test_set, front, group, reason, said, standings, usual_device
from models.profiles import Profile
from models.variant import Tuning, VariantRecipe

PROFILE = Profile(1000, 400, 800, 600, 5000, 4000, 1700, ())
METHOD = SimpleNamespace(label="LAMP", scope="global", granularities=("weight", "channel"), trains=False)


def member(name: str, *, measures: tuple[Measures, ...] = (), speeds: tuple[Speed, ...] = (), **changes) -> Member:
    made = Member(name, f"id of {name}", "net", "imported", "", "base", "id of base", None, ("a", "b"), PROFILE, (), ())
    return replace(made, measures=measures, speeds=speeds, **changes)


def timed(device: str) -> Speed:
    return Speed("", device, 64, 2.5, 900.0, datetime(2026, 1, 1, tzinfo=UTC))


def test_the_front_by_hand() -> None:
    """Sparsity (more) and accuracy (more): C has less of both than B; D has the accuracy of B with less sparsity."""
    points = [(0.0, 0.9), (0.5, 0.8), (0.4, 0.7), (0.3, 0.8), (0.9, 0.1)]
    assert front(points, (True, True)) == [0, 1, 4]


def test_the_front_turns_with_the_directions() -> None:
    points = [(10.0, 0.9), (5.0, 0.8), (1.0, 0.85), (7.0, 0.2)]
    assert front(points, (False, True)) == [2, 0]  # cheap and accurate
    assert front(points, (False, False)) == [2, 1, 3]  # cheap and wrong, as for an error
    assert front(points, (True, False)) == [3, 0]
    assert front(points, (True, True)) == [0]


def test_points_that_are_the_same_are_both_on_the_front() -> None:
    assert front([(1, 1), (1, 1), (0, 0.5)], (True, True)) == [0, 1]
    assert front([(1, 1), (1, 0.5), (0.5, 1)], (True, True)) == [0]
    assert front([(3, 3)], (False, True)) == [0]
    assert front([], (True, True)) == []


def test_the_front_is_what_comparing_all_pairs_finds() -> None:
    points = [((i * 7919) % 31 / 31, (i * 104729) % 29 / 29) for i in range(60)]
    for more in ((True, True), (True, False), (False, True), (False, False)):
        good = [(x if more[0] else -x, y if more[1] else -y) for x, y in points]
        unbeaten = {
            i for i, (x, y) in enumerate(good) if not any(u >= x and v >= y and (u, v) != (x, y) for u, v in good)
        }
        assert set(front(points, more)) == unbeaten


def test_costs_are_read_from_the_profile_and_the_speed() -> None:
    found = standings([member("base"), member("v", speeds=(timed("this one"),))], "base", "", "this one")[1]
    values = {name: found.value(axis) for name, axis in COSTS.items()}
    assert values == {
        "sparsity": 0.75, "nonzeros": 400, "sparse": 1700, "dense": 4000, "macs": 5000, "latency": 2.5, "rate": 900.0,
    }  # fmt: skip


def test_worth_is_what_was_measured_where_it_was_asked() -> None:
    here = Measures("", "few", "d1", 10, 0.75, 0.05, "id of base", 0.5, 0.25, 1.5, 5)
    card = Measures("", "cards' set", "", 10, 0.5)
    family = [member("base"), member("v", measures=(card, here))]
    on_dataset, by_card = (standings(family, "base", where, "")[1] for where in ("d1", "cards' set"))
    assert [on_dataset.value(axis) for axis in WORTH.values()] == [0.75, 0.05, 0.5, 0.25, 1.5]
    assert [by_card.value(axis) for axis in WORTH.values()] == [0.5, None, None, None, None]


def test_what_was_compared_with_another_model_says_nothing_of_this_base() -> None:
    other = Measures("", "few", "d1", 10, 0.75, 0.05, "id of another", 0.5, 0.25, 1.5, 5)
    found = standings([member("base"), member("v", measures=(other,))], "base", "d1", "")[1]
    assert found.value(WORTH["accuracy"]) == 0.75
    assert found.value(WORTH["agreement"]) is None
    assert reason(found, WORTH["agreement"], "base", "few") == "Not compared with base on few yet"


def test_a_base_agrees_with_itself() -> None:
    base = standings([member("base")], "base", "d1", "")[0]
    assert [base.value(WORTH[name]) for name in ("agreement", "cka", "logits")] == [1.0, 1.0, 0.0]


def test_every_gap_has_its_reason() -> None:
    bare = member("v", profile=None)
    unlabelled = member("v", measures=(Measures("", "few", "d1", 10, None, None, "id of base", 0.5),))
    elsewhere = member("v", speeds=(timed("a GPU"),))
    broken = member("v", architecture="", summary="The model card v.json is damaged.")

    def why(one: Member, axis, where: str) -> str:
        place = {"few": "d1"}.get(where, where)
        return reason(standings([member("base"), one], "base", place, "here")[1], axis, "base", where)

    assert why(bare, COSTS["macs"], "") == "Weights not counted yet"
    assert why(bare, COSTS["latency"], "") == "Not timed on this device yet"
    assert why(elsewhere, COSTS["latency"], "") == "Timed on a GPU only"
    assert why(bare, WORTH["ece"], "") == "The card does not say: Calibration error (ECE)"
    assert why(bare, WORTH["ece"], "few") == "Not measured on few yet"
    assert why(unlabelled, WORTH["accuracy"], "few") == "No image of few has a label that it knows"
    assert why(unlabelled, WORTH["cka"], "few") == "Measured on few, but without this number"
    assert why(broken, WORTH["accuracy"], "few") == "The model card v.json is damaged"


def test_the_cards_test_set_and_the_device_are_those_of_most() -> None:
    one, two = Measures("", "shapes", "", 0, 0.5), Measures("", "shapes, attacked", "", 0, 0.1)
    family = [member("base", measures=(one, two)), member("v", measures=(one,)), member("w", speeds=(timed("cpu"),))]
    assert card_test_set(family) == "shapes"
    assert usual_device(family) == "cpu"
    assert card_test_set([member("v")]) == usual_device([member("v")]) == ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "LAMP"),
        ({"tuning": Tuning(epochs=3)}, "LAMP, fine-tuned"),
        ({"recalibrate": 100, "scope": "layer"}, "LAMP, by layer, recalibrated"),
        ({"granularity": "channel"}, "LAMP, channel"),
        ({"method": "from_elsewhere"}, "From elsewhere"),
    ],
)
def test_a_line_is_named_by_all_that_was_done(changes: dict, expected: str) -> None:
    recipe = replace(VariantRecipe("base", "", "lamp", 0.5), **changes)
    assert group(member("v", recipe=recipe), {"lamp": METHOD}) == expected


def test_values_are_said_in_their_units() -> None:
    assert said(0.8274, "share") == "82.7 %"
    assert said(1_234_000, "bytes") == "1.2 MB"
    assert said(40_800_000, "count") == "40.8 M"
    assert said(3.14159, "milliseconds") == "3.14 ms"
    assert said(None, "share") == "–"
