"""A choice of the Samples page and its address are two forms of one thing; a subject makes the filter."""

from datetime import UTC, datetime

import pytest

from analysis.records import UNLABELLED, DatasetRecord, Filter, PassRecord
from app.samples_address import read, written
from app.samples_choice import Choice, Subject, described

CHOICES = [
    Choice(),
    Choice(
        dataset="d" * 12, a="a" * 12, b="b" * 12, labels=(3, UNLABELLED), predictions=(5,), other_predictions=(0, 2)
    ),
    Choice(correct=False, agree=True, ranges=(("confidence", 0.1234567, None), ("loss", None, 2.5)), text="a&b=c"),
    Choice(conditions=("fog/3", "fog/4"), selection="ab12cd34", sort="loss", descending=True, page=7, size=144),
    Choice(view="confusion", rows="a", columns="b", shares=True, sample=0),
]


def dataset(**changes: object) -> DatasetRecord:
    known = {"dataset_id": "d" * 64, "name": "pets", "kind": "folder", "source": "pets", "size": 100, "labelled": 100}
    known |= {"class_names": ("cat", "dog", "cow"), "formats": {"PNG": 100}, "image_sizes": {"8 x 8": 100}}
    return DatasetRecord(**(known | changes))  # pyright: ignore[reportArgumentType]


def ran(letter: str, **changes: object) -> PassRecord:
    known = {"pass_id": letter * 64, "model_id": letter * 64, "model_name": f"net-{letter}", "dataset_id": "d" * 64}
    known |= {"class_names": ("cat", "dog"), "dataset_name": "pets", "condition": "clean", "class_map": (0, 1, -1)}
    known |= {"samples": 100, "accuracy": 0.5, "taps": (), "linear_head": True, "params": {}, "remarks": ()}
    known |= {"seconds": 1.0, "device": "cpu", "computed_at": datetime(2026, 1, 2, tzinfo=UTC)}
    return PassRecord(**(known | changes))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("choice", CHOICES)
def test_an_address_brings_the_choice_back(choice: Choice) -> None:
    assert read(written(choice)) == choice


def test_the_default_needs_no_address() -> None:
    assert written(Choice()) == {}


def test_long_ids_are_shortened_in_the_address() -> None:
    assert written(Choice(dataset="d" * 64))["dataset"] == ["d" * 12]


def test_what_an_address_cannot_mean_falls_back() -> None:
    query = {
        "truth": ["cat", "-2", "1", "1", "99999999999999"],
        "range": ["confidence:nan:", "weight:0:1", "loss::", "margin:0:x", "confidence:0.5:inf"],
        "page": ["-3"],
        "view": ["map"],
        "size": ["1000"],
        "sort": ["-shoe"],
        "rows": ["c"],
        "sample": ["-1"],
        "correct": ["perhaps"],
    }
    expected = Choice(labels=(1,), ranges=(("margin", 0.0, None), ("confidence", 0.5, None)))
    assert read(query) == expected


def test_only_the_filters_go_when_they_are_reset() -> None:
    choice = Choice(dataset="d", labels=(1,), correct=False, text="x", selection="s", page=4, sample=9, view="classes")
    assert choice.without_filters() == Choice(dataset="d", view="classes")


def test_a_filter_asks_nothing_of_a_pass_that_is_not_there() -> None:
    choice = Choice(labels=(1,), predictions=(0,), other_predictions=(1,), correct=True, agree=False, text="x")
    choice = Choice(**{f: getattr(choice, f) for f in choice.__slots__} | {"ranges": (("loss", 1.0, None),)})
    assert Subject(choice, dataset()).filter == Filter("d" * 64, labels=(1,), text="x")
    both = Subject(choice, dataset(), ran("a"), ran("b")).filter
    assert (both.pass_id, both.other_pass, both.correct, both.agree) == ("a" * 64, "b" * 64, True, False)
    assert both.ranges == (("loss", 1.0, None),)


def test_classes_that_are_not_there_are_not_asked_for() -> None:
    subject = Subject(Choice(labels=(2, 3), predictions=(1, 2), conditions=("fog",)), dataset(), ran("a"))
    assert subject.filter == Filter("d" * 64, "a" * 64, labels=(2,), predictions=(1,))


def test_a_filter_in_words() -> None:
    choice = Choice(labels=(0, 1, UNLABELLED), predictions=(1,), correct=False, ranges=(("loss", 0.5, None),), text="7")
    words = described(Subject(choice, dataset(), ran("a")), "odd ones")
    assert words == (
        "in 'odd ones', labelled cat, dog or nothing, net-a says dog, wrong, loss from 0.5, name contains '7'"
    )
    assert described(Subject(Choice(), dataset())) == ""
