"""What stands out: the telling differences, in words with their numbers, the strongest first."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from analysis.geometry import MEASURES
from analysis.geometry.features import Features
from analysis.measurements import Measurement
from analysis.pipelines.geometry_findings import CHANGES, stands_out

NAN = float("nan")
TAPS = ("relu", "layer1.0", "layer2.0", "layer3.0", "penultimate", "fc")


def number(
    measure: str, value: float, tap: str = "penultimate", *, half: float = NAN, samples: int = 10_000, **changes
):
    return Measurement(
        pass_id=changes.pop("pass_id", "pass0"),
        tap=tap,
        place=TAPS.index(tap),
        measure=measure,
        params={},
        version=1,
        value=value,
        samples=samples,
        low=value - half,
        high=value + half,
        interval="" if half != half else "made up",
        why="" if value == value else "not defined here because it is made up",
        caveats=(),
        seconds=0.0,
        computed_at=datetime(2026, 11, 21, tzinfo=UTC),
        **changes,
    )


def curve(measure: str, *values: float, half: float = NAN):
    return [number(measure, value, tap, half=half) for tap, value in zip(TAPS[:5], values, strict=True)]


def test_nothing_is_said_to_stand_out_where_nothing_does():
    same = [*curve("twonn", 4, 5, 6, 7, 8, half=1), *curve("knn_purity", 0.5, 0.55, 0.6, 0.65, 0.7)]
    (found,) = stands_out([("a", same), ("b", same)])
    assert found.strength == 0
    assert "Nothing stands out" in found.text
    (found,) = stands_out([("a", [])])
    assert "Nothing has been measured" in found.text
    (found,) = stands_out([("a", curve("nc1", NAN, NAN, NAN, NAN, NAN))])
    assert "Nothing has been measured" in found.text


def test_a_difference_is_told_beyond_both_intervals_only():
    a = [number("anisotropy", 10.0, half=1), number("twonn", 5.0, half=1), number("mle", 5.0)]
    b = [number("anisotropy", 5.0, half=0.5), number("twonn", 6.5, half=1), number("mle", 50.0)]
    (found,) = stands_out([("base", a), ("pruned", b)])
    assert (found.measure, found.tap) == ("anisotropy", "penultimate")
    assert found.values == {"base": 10.0, "pruned": 5.0}
    assert found.strength == pytest.approx(0.5)
    assert "5 (4.5 to 5.5, n = 10,000) in pruned" in found.text
    assert "10 (9 to 11, n = 10,000) in base" in found.text
    assert MEASURES["anisotropy"].label in found.text
    assert "the head's input" in found.text


@pytest.mark.parametrize(("measure", "samples"), [("length", 1000), ("margin_distance", 1000), ("anisotropy", 9)])
def test_lengths_and_a_handful_of_samples_are_not_compared(measure: str, samples: int):
    a, b = [number(measure, 10.0, half=0.1, samples=samples)], [number(measure, 5.0, half=0.1, samples=samples)]
    assert stands_out([("a", a), ("b", b)])[0].strength == 0


def test_shares_that_are_both_nearly_nothing_do_not_differ():
    a, b = [number("sparsity", 0.001, half=1e-4)], [number("sparsity", 0.01, half=1e-4)]
    assert stands_out([("a", a), ("b", b)])[0].strength == 0


def test_no_more_than_a_few_differences_and_two_of_a_group():
    names = [m.name for m in MEASURES if m.kind != "pair"]
    found = stands_out(
        [("a", [number(n, 10.0, half=1) for n in names]), ("b", [number(n, 20.0, half=1) for n in names])]
    )
    changes = [f for f in found if set(f.values) == {"a", "b"}]
    assert len(changes) == CHANGES
    groups = [MEASURES[f.measure].group for f in changes]
    assert max(map(groups.count, groups)) <= 2


def test_a_measure_that_turns_over_depth():
    (found,) = stands_out([("net", curve("twonn", 4, 9, 14, 8, 5, half=0.5))])
    assert (found.measure, found.tap) == ("twonn", "layer2.0")
    assert "rises, then falls: it is largest at layer2.0: 14 dimensions (13.5 to 14.5, n = 10,000)" in found.text
    assert found.values == {"relu": 4, "layer2.0": 14, "penultimate": 5}
    (found,) = stands_out([("net", curve("participation_ratio", 9, 3, 2, 4, 8))])
    assert "falls, then rises: it is smallest at layer2.0" in found.text


def test_where_classes_come_apart():
    (found,) = stands_out([("net", curve("knn_purity", 0.3, 0.32, 0.35, 0.8, 0.85))])
    assert (found.measure, found.tap) == ("knn_purity", "layer3.0")
    assert "between layer2.0 and layer3.0" in found.text
    assert found.values == {"layer2.0": 0.35, "layer3.0": 0.8}


def test_collapse_and_a_head_that_differs_from_means():
    (found,) = stands_out([("net", curve("nc1_trace", 5, 3, 2, 1, 0.02))])
    assert "nearly collapsed at the head's input" in found.text
    (found,) = stands_out([("net", [number("nc4", 0.25)])])
    assert "25 % of samples" in found.text


def test_nothing_is_made_of_means_of_a_few_samples():
    """As the measure itself says it, of three samples a class."""
    random = np.random.default_rng(0)
    features = Features(random.normal(size=(36, 8)), np.arange(36) % 12, predictions=np.zeros(36, np.int64))
    told = {name: MEASURES[name].function(features) for name in ("nc4", "nc1_trace", "class_mean_angles")}
    kept = told["class_mean_angles"].arrays
    given = {"arrays": lambda *_: kept, "class_names": {"net": tuple("abcdefghijkl")}}
    numbers = [number("nc4", told["nc4"].value), number("nc1_trace", 0.02), number("class_mean_angles", 20.0)]
    assert len(stands_out([("net", numbers)], **given)) == 3
    (found,) = stands_out([("net", [replace(n, caveats=told[n.measure].caveats) for n in numbers])], **given)
    assert found.strength == 0


def test_classes_that_overlap_and_counts_that_are_uneven():
    cosines = np.array([[1, -0.5, 0.9], [-0.5, 1, -0.4], [0.9, -0.4, 1]])
    kept = {
        "class_mean_angles": {"cosines": cosines, "classes": np.array([0, 2, 3])},
        "class_mean_norms": {"norms": np.array([3.0, 2.0, 1.0]), "counts": np.array([900, 500, 100])},
    }
    kept["class_mean_norms"]["classes"] = np.array([0, 2, 3])
    numbers = [number("class_mean_angles", 25.8), number("class_mean_norms", 2.0)]
    found = stands_out(
        [("net", numbers)],
        arrays=lambda pass_id, tap, measure: kept[measure],
        class_names={"net": ("cat", "dog", "owl", "ant")},
    )
    texts = " ".join(f.text for f in found)
    assert "cat and ant lie nearest of all classes of net at the head's input: 25.8 degrees" in texts
    assert "where 120 degrees would be" in texts
    assert "900 of cat, 100 of ant" in texts
    assert [f.strength for f in found] == sorted((f.strength for f in found), reverse=True)
    assert stands_out([("net", numbers)])[0].strength == 0
    few = stands_out([("net", numbers)], arrays=lambda *_: {}, class_names={"net": ("cat",)})
    assert few[0].strength == 0


def test_classes_of_several_networks_are_joined_by_their_names():
    def kept(pass_id: str, tap: str, measure: str) -> dict[str, np.ndarray]:
        return {"cosines": np.array([[1, -0.5, 0.9], [-0.5, 1, -0.4], [0.9, -0.4, 1]]), "classes": np.arange(3)}

    numbers = [number("class_mean_angles", 25.8)]
    names = {"a": ("cat", "dog", "ant"), "b": ("ant", "owl", "cat"), "c": ("ring", "disc", "star")}
    texts = [f.text for f in stands_out([(name, numbers) for name in names], arrays=kept, class_names=names)]
    assert len(texts) == 2
    assert any(
        text.startswith("cat and ant lie nearest of all classes of a") and "Likewise b:" in text for text in texts
    )
    assert any(text.startswith("ring and star lie nearest of all classes of c") for text in texts)


def test_of_forms_of_one_thing_one_is_told():
    forms = ("nc1", "nc1_notebook", "nc1_trace", "calinski_harabasz", "silhouette")
    assert len({MEASURES[name].thing for name in forms}) == 1
    a, b = [number(n, 10.0, half=1) for n in forms], [number(n, 20.0, half=1) for n in forms]
    (found,) = stands_out([("a", a), ("b", [*b[1:], number("nc1", 40.0, half=1)])])
    assert (found.measure, found.values) == ("nc1", {"a": 10.0, "b": 40.0})  # the one that changes most
    (found,) = stands_out([("a", a[:2]), ("b", b[:2])])
    assert found.measure == "nc1"  # of equal ones the registry's first
    turns = [
        *curve("mle", 4, 9, 14, 8, 5),
        *curve("twonn", 4, 9, 12, 8, 5),
        *curve("anisotropy", 0.2, 0.6, 0.5, 0.4, 0.1),
    ]
    assert {f.measure for f in stands_out([("net", turns)])} == {"twonn", "anisotropy"}
    assert [f.measure for f in stands_out([("net", curve("mle", 4, 9, 14, 8, 5))])] == ["mle"]


def test_every_thing_has_several_forms():
    things = [m.tells for m in MEASURES if m.tells]
    assert all(things.count(thing) > 1 for thing in things)
    names = {m.name for m in MEASURES}
    assert not names & set(things)


def test_what_holds_of_several_networks_is_said_once():
    a, b, c = (curve("knn_purity", 0.3, 0.32, 0.35, high, 0.95) for high in (0.8, 0.9, 0.7))
    (found,) = stands_out([("a", a), ("b", b), ("c", c)])
    assert found.values == {"layer2.0": 0.35, "layer3.0": 0.9}
    assert found.text.startswith("The classes of b come apart most between layer2.0 and layer3.0")
    assert found.text.endswith("Likewise a: 0.35 to 0.8; c: 0.35 to 0.7.")
    elsewhere = curve("knn_purity", 0.3, 0.8, 0.82, 0.84, 0.9)
    assert len(stands_out([("a", a), ("d", elsewhere)])) == 2


def test_uneven_samples_are_told_once_of_a_dataset():
    kept = {"norms": np.array([3.0, 1.0]), "counts": np.array([900, 100]), "classes": np.array([0, 1])}
    there = [("a", [number("class_mean_norms", 2.0)]), ("b", [number("class_mean_norms", 2.1)])]
    (found,) = stands_out(there, arrays=lambda *_: kept, class_names=dict.fromkeys("ab", ("cat", "dog")))
    assert "900 of cat, 100 of dog" in found.text
    assert "of a their means are 3 and 1 from the centre" in found.text


def test_what_a_sentence_of_one_network_says_is_no_difference_as_well():
    a, b = [number("nc4", 0.01, half=0.01)], [number("nc4", 0.5, half=0.01)]
    (found,) = stands_out([("a", a), ("b", b)])
    assert "50 % of samples get another class" in found.text


def test_numbers_of_two_forms_are_not_one_sentence():
    a = curve("participation_ratio", 2, 3, 7, 5, 4)
    b = [*curve("participation_ratio", 2, 2.5, 3, 3.5, 4), *curve("effective_rank", 2, 3, 10.7, 5, 4)]
    texts = [f.text for f in stands_out([("a", a), ("b", b)])]
    assert len(texts) == 2
    assert not any("Likewise" in text for text in texts)


def test_next_to_nothing_reads_as_nothing():
    a = [number("margin_logit", 3.28, half=0.06), number("anisotropy", 5.0, half=0.1)]
    b = [number("margin_logit", -8.99e-5, half=0.02), number("anisotropy", 0.004, half=0.001)]
    texts = {f.measure: f.text for f in stands_out([("a", a), ("b", b)])}
    assert "is 0 (-0.0201 to 0.0199, n = 10,000) in b" in texts["margin_logit"]
    assert "is 0 (0.003 to 0.005, n = 10,000) in b" in texts["anisotropy"]
    small = [number("anisotropy", 0.03, half=0.001)]
    assert "is 0.03 (" in stands_out([("a", a), ("b", small)])[0].text


@pytest.mark.parametrize(
    ("value", "half", "told"), [(1e-4, 0.02, 0.0), (1e-3, 0.02, 1e-3), (1e-4, NAN, 1e-4), (-1e-9, 1.0, 0.0), (5, 1, 5)]
)
def test_what_an_interval_resolves(value: float, half: float, told: float):
    assert number("length", value, half=half).resolved == told


def test_what_a_head_gives_is_no_layer_of_features():
    features, answers = curve("nc1_trace", 5, 3, 2, 1, 0.5), number("nc1_trace", 0.01, "fc")
    assert stands_out([("net", [*features, answers])])[0].strength == 0
    steps = [*curve("knn_purity", 0.3, 0.32, 0.35, 0.38, 0.4), number("knn_purity", 0.9, "fc")]
    assert stands_out([("net", steps)])[0].strength == 0


def test_branches_inside_a_block_are_no_steps():
    taps = {"relu": 0.3, "layer1.0.conv": 0.35, "layer1.0.downsample": 0.9, "layer1.0": 0.36, "penultimate": 0.4}
    numbers = [replace(number("knn_purity", v), tap=tap, place=i) for i, (tap, v) in enumerate(taps.items())]
    assert stands_out([("net", numbers)])[0].strength == 0
