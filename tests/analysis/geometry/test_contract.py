"""What every measure promises, whoever wrote it: a number or a reason, the same every time, unmoved by what it says."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from analysis.geometry import MEASURES
from analysis.geometry.features import Features
from analysis.geometry.registry import Measure, Measured

ALL = sorted(MEASURES, key=lambda measure: measure.name)
MOVED = [(measure, how) for measure in ALL for how in measure.unmoved]
NAN = float("nan")


@dataclass(frozen=True)
class Given:
    """What a Features is made of; `second` is the other one's values, for pairs."""

    values: np.ndarray
    labels: np.ndarray | None
    weight: np.ndarray | None
    bias: np.ndarray | None
    second: np.ndarray
    predictions: np.ndarray | None = None
    of_head: bool = True

    def made(self) -> tuple[Features, Features]:
        one = Features(
            self.values, self.labels, weight=self.weight, bias=self.bias, predictions=self.predictions,
            of_head=self.of_head, seed=3,
        )  # fmt: skip
        return one, Features(self.second, self.labels, seed=3)


def blobs(count: int = 240, width: int = 8, classes: int = 5, seed: int = 0, spread: float = 1.0) -> Given:
    """Classes of different sizes about means of different lengths, a head that is mostly right, sparse features."""
    random = np.random.default_rng(seed)
    means = random.normal(size=(classes, width)) * random.uniform(1, 2, (classes, 1))
    labels = random.choice(classes, count, p=(p := np.arange(2, classes + 2)) / p.sum())
    values = means[labels] + spread * random.normal(size=(count, width)) + 0.5
    weight = means - means.mean(axis=0) + 0.3 * random.normal(size=means.shape)
    bias = random.normal(size=classes)
    answers = (values @ weight.T + bias).argmax(axis=1)
    return Given(values, labels, weight, bias, values @ random.normal(size=(width, 6)) + 1, answers)


def measured(measure: Measure, given: Given) -> Measured:
    one, two = given.made()
    return measure.function(one, two) if measure.kind == "pair" else measure.function(one)


def checked(measure: Measure, found: Measured, count: int) -> None:
    assert isinstance(found, Measured)
    assert type(found.value) is float
    assert isinstance(found.samples, int)
    assert 0 <= found.samples <= count
    assert not np.isinf([found.value, found.low, found.high]).any()
    if np.isnan(found.value):
        assert found.why.startswith("not defined here because "), found
        assert len(found.why) > 35
    else:
        assert not found.why
    assert np.isnan(found.low) == np.isnan(found.high)
    if np.isfinite(found.low):
        assert found.interval
        assert found.low <= found.high
    assert all(isinstance(array, np.ndarray) and array.dtype != object for array in found.arrays.values())
    assert all(said.endswith(".") for said in found.caveats)


def same(one: Measured, two: Measured, *, relative: float = 0, absolute: float = 0) -> bool:
    return bool(np.isclose(one.value, two.value, rtol=relative, atol=absolute, equal_nan=True))


def every(measures: list[Measure]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("measure", measures, ids=lambda measure: measure.name)


@every(ALL)
def test_says_what_it_is(measure: Measure):
    assert measure.label[0].isupper()
    assert any(year in measure.note.paper for year in ("18", "19", "20")), "a paper has a year"
    for text in (measure.convention, measure.note.reads, measure.note.fails):
        assert len(text) > 20
        assert text.endswith(".")
    if measure.note.differs:
        assert measure.note.differs.endswith(".")


def test_labels_are_taken_once():
    assert len({measure.label for measure in ALL}) == len(ALL)


@every(ALL)
def test_says_a_number_of_ordinary_features(measure: Measure):
    found = measured(measure, blobs())
    checked(measure, found, 240)
    assert np.isfinite(found.value), found.why


@every(ALL)
def test_says_the_same_again_and_changes_nothing(measure: Measure):
    given = blobs()
    kept = {name: np.array(array) for name, array in vars(given).items() if isinstance(array, np.ndarray)}
    for name in kept:
        getattr(given, name).flags.writeable = False
    one, two = measured(measure, given), measured(measure, given)
    assert same(one, two)
    assert same(replace(one, value=one.low), replace(two, value=two.low))
    assert one.arrays.keys() == two.arrays.keys()
    for name, array in one.arrays.items():
        np.testing.assert_array_equal(array, two.arrays[name])
    for name, array in kept.items():
        np.testing.assert_array_equal(getattr(given, name), array)


@every(ALL)
def test_does_not_depend_on_what_was_asked_before(measure: Measure):
    """Sums are shared and kept: no measure may change one."""
    given = blobs(count=120)
    alone, shared = measured(measure, given), given.made()
    for other in (one for one in ALL if not one.slow):
        other.function(*(shared if other.kind == "pair" else shared[:1]))
    after = measure.function(*(shared if measure.kind == "pair" else shared[:1]))
    assert same(alone, after)


@every(ALL)
def test_float32_is_enough(measure: Measure):
    given = blobs()
    short = replace(given, values=given.values.astype(np.float32), second=given.second.astype(np.float32))
    found = measured(measure, short)
    checked(measure, found, 240)
    assert same(found, measured(measure, given), relative=2e-3, absolute=1e-4)


def rotation(width: int, seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(width, width)))[0]


def permuted(given: Given) -> Given:
    order = np.random.default_rng(5).permutation(len(given.values))
    chosen = {name: getattr(given, name)[order] for name in ("values", "labels", "second", "predictions")}
    return replace(given, **chosen)


def rotated(given: Given) -> Given:
    turn = rotation(given.values.shape[1], 1)
    weight = None if given.weight is None else given.weight @ turn
    second = given.second @ rotation(given.second.shape[1], 2)
    return replace(given, values=given.values @ turn, weight=weight, second=second)


def scaled(given: Given) -> Given:
    weight = None if given.weight is None else given.weight / 7
    return replace(given, values=given.values * 7, weight=weight, second=given.second * 0.3)


def shifted(given: Given) -> Given:
    """The head takes the shift back in its bias, so that its logits stay."""
    step = np.random.default_rng(6).normal(size=given.values.shape[1])
    bias = None if given.weight is None or given.bias is None else given.bias - given.weight @ step
    return replace(given, values=given.values + step, bias=bias, second=given.second - 2)


CHANGES: dict[str, Callable[[Given], Given]] = {
    "permutation": permuted,
    "rotation": rotated,
    "scaling": scaled,
    "shift": shifted,
}


@pytest.mark.parametrize(("measure", "how"), MOVED, ids=[f"{measure.name}-{how}" for measure, how in MOVED])
def test_unmoved_by_what_it_says(measure: Measure, how: str):
    given = blobs()
    one, two = measured(measure, given), measured(measure, CHANGES[how](given))
    assert np.isfinite(one.value), one.why
    assert same(one, two, relative=1e-6, absolute=1e-8), (one.value, two.value)


DRAWN = [measure for measure in ALL if measure.drawn and "permutation" in measure.unmoved]


@every(DRAWN)
def test_where_a_part_is_drawn_it_says_so_and_another_part_says_alike(measure: Measure):
    """Of more samples than are asked another order has other ones asked: two draws, as far as their interval says."""
    count = max(2 * measure.drawn, 600)
    given = blobs(count, width=6)
    one, two = measured(measure, given), measured(measure, permuted(given))
    assert f"(up to {measure.drawn:,})" in measure.unmoved_by
    assert one.value != two.value
    half = max(one.high - one.low, two.high - two.low) / 2
    assert np.isnan(half) or abs(one.value - two.value) <= 2.5 * half, (one.value, two.value, half)


@every(DRAWN)
def test_where_all_are_asked_order_is_nothing(measure: Measure):
    given = blobs(measure.drawn, width=6)
    assert same(measured(measure, given), measured(measure, permuted(given)), relative=1e-6)


def bad() -> dict[str, Given]:
    good, random = blobs(count=60), np.random.default_rng(8)
    nothing, labels = np.full(60, -1), good.labels
    assert labels is not None
    some = good.values.copy()
    some[::5, 2], some[3, 0] = NAN, np.inf
    few = blobs(count=3, classes=10)
    many = blobs(count=900, classes=1000, width=16)
    flat = replace(good, values=np.full((60, 8), 0.1), second=np.full((60, 6), 2.0))
    return {
        "no samples": replace(
            good, values=good.values[:0], labels=labels[:0], second=good.second[:0], predictions=labels[:0]
        ),
        "one sample": blobs(count=1),
        "two samples": blobs(count=2),
        "fewer samples than classes": few,
        "one sample a class": replace(blobs(count=12, classes=12), labels=np.arange(12)),
        "one class": replace(good, labels=np.zeros(60, np.int64)),
        "two classes": replace(good, labels=(labels > 2).astype(np.int64)),
        "constant": flat,
        "constant in the last digits": replace(flat, values=np.full((60, 8), 0.1) + 1e-17 * good.values),
        "zero": replace(good, values=np.zeros((60, 8)), second=np.zeros((60, 6))),
        "one feature varies": replace(good, values=good.values * (np.arange(8) == 3)),
        "no features": replace(good, values=good.values[:, :0], weight=good.weight[:, :0], second=good.second[:, :0]),
        "one feature": replace(good, values=good.values[:, :1], weight=good.weight[:, :1], second=good.second[:, :1]),
        "duplicates": replace(good, values=good.values[labels], second=good.second[labels], labels=labels),
        "every sample twice": replace(good, values=np.repeat(good.values[:30], 2, axis=0)),
        "collapsed": replace(good, values=good.weight[labels]),
        "not finite": replace(good, values=some),
        "never finite": replace(good, values=np.full((60, 8), NAN), second=np.full((60, 6), NAN)),
        "labels unknown": replace(good, labels=nothing),
        "no labels": replace(good, labels=None),
        "some labels unknown": replace(good, labels=np.where(random.random(60) < 0.4, -1, labels)),
        "labels that the head does not know": replace(good, labels=labels + 3),
        "a head of other classes": replace(good, of_head=False),
        "no head": replace(good, weight=None, bias=None, predictions=None),
        "a head of zeros": replace(good, weight=np.zeros((5, 8)), bias=np.zeros(5), predictions=None),
        "a head that is not finite": replace(good, weight=np.full((5, 8), NAN), predictions=None),
        "a head of one class": replace(good, weight=good.weight[:1], bias=good.bias[:1], predictions=None),
        "wider than long": blobs(count=20, width=50),
        "a thousand classes": many,
        "very large": replace(good, values=good.values * 1e25, second=good.second * 1e25),
        "very small": replace(good, values=good.values * 1e-25, second=good.second * 1e-25),
    }


BAD = bad()


@pytest.fixture(scope="module")
def prepared() -> dict[str, tuple[Features, Features]]:
    """Both features of every bad case, their sums shared by all measures: four thousand cases take seconds."""
    found = {}
    for name, given in BAD.items():
        one, two = given.made()
        if len(one) != len(two):  # rows that are not finite were left out of one: the caller takes the same of both
            two = Features(given.second[one.rows], None if given.labels is None else given.labels[one.rows])
        found[name] = one, two
    return found


@every(ALL)
def test_never_raises_for_data(
    measure: Measure, prepared: dict[str, tuple[Features, Features]], subtests: pytest.Subtests
):
    for name, (one, two) in prepared.items():
        with subtests.test(name):
            found = measure.function(one, two) if measure.kind == "pair" else measure.function(one)
            checked(measure, found, len(one))


@every([measure for measure in ALL if measure.kind == "head"])
def test_a_head_is_needed(measure: Measure):
    found = measured(measure, BAD["no head"])
    assert np.isnan(found.value)
    assert "head" in found.why


@every([measure for measure in ALL if measure.kind == "classes"])
@pytest.mark.parametrize("name", ["labels unknown", "no labels"])
def test_labels_are_needed(measure: Measure, name: str):
    assert np.isnan(measured(measure, BAD[name]).value)


OF_BOTH = {
    *("angle_to_weight", "margin_logit", "margin_distance", "pair_margins", "imbalance_fit", "nc3", "nc4"),
    *("sphere_accuracy", "sphere_gap", "sphere_length_tells", "sphere_angle_tells"),
    *("nearest_mean_agreement", "nearest_mean_cosine_agreement"),
}
"""Measures that set the samples' classes beside the head or the network's answers."""


@every(ALL)
def test_a_head_of_other_classes_is_not_held_to_the_labels(measure: Measure):
    """What needs labels alone is as without a head, what needs the head alone as without labels; the rest says why."""
    foreign = measured(measure, replace(blobs(), of_head=False))
    if measure.name in OF_BOTH:
        assert foreign.why == "not defined here because the network names other classes than these samples have"
        return
    lacking = {"labels": None} if measure.kind == "head" else {"weight": None, "bias": None, "predictions": None}
    alone = measured(measure, replace(blobs(), **lacking))
    assert np.isfinite(foreign.value), foreign.why
    assert same(foreign, alone)
    assert foreign.samples == alone.samples
    assert foreign.caveats == alone.caveats
    assert foreign.arrays.keys() == alone.arrays.keys()
    for name, array in foreign.arrays.items():
        np.testing.assert_array_equal(array, alone.arrays[name])


def test_more_labels_than_the_head_has_rows_are_not_said_to_be_missing():
    """A head of three other classes: labels 3 and 4 are samples like all others."""
    given = blobs()
    assert given.weight is not None
    assert given.bias is not None
    head = {"weight": given.weight[:3], "bias": given.bias[:3], "predictions": None}
    found = measured(MEASURES["class_mean_norms"], replace(given, **head, of_head=False))
    assert found.arrays["classes"].tolist() == [0, 1, 2, 3, 4]
    few = replace(given, labels=np.where(given.labels == 1, 1, 0), of_head=False)
    assert measured(MEASURES["class_mean_norms"], few).caveats == ()
    assert measured(MEASURES["class_mean_norms"], replace(few, of_head=True)).caveats == (
        "Only 2 of the head's 5 classes have samples here.",
    )


def test_what_is_lacking_is_said_of_whose_classes_they_are():
    one = replace(blobs(), labels=np.zeros(240, np.int64))
    whys = {of_head: measured(MEASURES["nc1"], replace(one, of_head=of_head)).why for of_head in (True, False)}
    assert whys[True].endswith("fewer than two of the network's classes have samples here")
    assert whys[False].endswith("because fewer than two classes have samples here")


@every(ALL)
def test_rows_that_are_not_finite_are_said_to_be_left_out(measure: Measure):
    given = blobs()
    some, second = given.values.copy(), given.second.copy()
    some[::40, 2], second[1, 0] = NAN, np.inf
    one, two = replace(given, values=some, second=second).made()
    found = measure.function(one, two) if measure.kind == "pair" else measure.function(one)
    count = 7 if measure.kind == "pair" else 6
    assert f"{count} samples with features that are not finite are left out." in found.caveats


@every([measure for measure in ALL if measure.of_means])
def test_means_of_single_samples_are_none(measure: Measure):
    given = replace(blobs(12, classes=12), labels=np.arange(12))
    assert "every class has a single sample" in measured(measure, given).why
    given = replace(given, labels=np.minimum(np.arange(12), 7))
    found = measured(measure, given)
    assert any("7 of 8 classes have a single sample" in said or said.startswith("7 classes") for said in found.caveats)
    assert any("Half of the classes have at most 1 sample:" in said for said in found.caveats)
    assert not any("sample" in said for said in measured(measure, blobs()).caveats)


@every([measure for measure in ALL if measure.asks_others])
def test_copies_that_know_the_answer_are_told(measure: Measure):
    given = blobs(300)
    twice = replace(given, values=np.repeat(given.values[:150], 2, axis=0), labels=np.repeat(given.labels[:150], 2))
    twice = replace(twice, second=twice.values[:, :6])
    said = "150 of 300 samples have exactly the features of another: held-out samples may have been learnt."
    assert said in measured(measure, twice).caveats
    assert not any("features of another" in one for one in measured(measure, given).caveats)


def test_copies_are_those_equal_to_the_last_bit():
    values = np.array([[0.0, 1], [-0.0, 1], [1, 0], [0.0, np.nextafter(1, 2)], [-1, 0], [0, -1]])
    assert Features(values).copies == 1
    assert Features(values.astype(np.float32)).copies == 2
    assert Features(np.zeros((5, 0))).copies == 4


def test_data_of_other_samples_is_not_set_beside_features():
    values = np.random.default_rng(0).normal(size=(1400, 6))
    beside = MEASURES["data_dimension"].function
    for count, of in ((300, 400), (1000, 1100), (400, 400)):
        assert np.isfinite(beside(Features(values[:count]), Features(values[:of])).value) == (count != 300)
    assert "not of the same samples" in beside(Features(values[:300]), Features(values[:400])).why
