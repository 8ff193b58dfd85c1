"""What a user has chosen on the Samples page, and its address.

    ?dataset=ab12cd34ef56&model=0123456789ab&truth=3&correct=0&range=confidence:0.9:&sort=-loss&page=2

Datasets and passes go by the first letters of their ids, selections by their id, classes by their number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal, cast, get_args

from analysis.records import NUMBERS, TRUTH, DatasetRecord, Filter, PassRecord

SHORT = 12  # letters of an id in the address
MOST = 256  # of anything, from an address
SORTS = ("sample", "name", "label", "prediction", *NUMBERS)
SIZES = (64, 96, 144)
"""Sides of a thumbnail in CSS pixels."""

View = Literal["images", "confusion", "calibration", "classes", "selections"]
Span = tuple[str, float | None, float | None]
Query = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Choice:
    """Empty means: the page's default."""

    dataset: str = ""  # the first letters of an id, as are the next two
    a: str = ""
    b: str = ""
    labels: tuple[int, ...] = ()
    predictions: tuple[int, ...] = ()
    other_predictions: tuple[int, ...] = ()
    correct: bool | None = None
    agree: bool | None = None
    ranges: tuple[Span, ...] = ()
    conditions: tuple[str, ...] = ()
    text: str = ""
    selection: str = ""
    sort: str = "sample"
    descending: bool = False
    page: int = 1
    view: View = "images"
    rows: str = TRUTH  # axes of the confusion matrix: truth, a or b
    columns: str = "a"
    shares: bool = False  # of a row, instead of counts
    size: int = SIZES[1]
    sample: int | None = None  # the one that is open

    def without_filters(self) -> Choice:
        """The same view of all samples."""
        every = {f.name: f.default for f in fields(self) if f.name in FILTERS}
        return replace(self, **every, page=1, sample=None)

    def within(self, number: str) -> tuple[float | None, float | None]:
        """The range that one of NUMBERS must lie in."""
        return next(((least, most) for name, least, most in self.ranges if name == number), (None, None))


FILTERS = (
    "labels", "predictions", "other_predictions", "correct", "agree", "ranges", "conditions", "text", "selection",
)  # fmt: skip
"""The fields that say which samples; the others say how they are shown."""


def written(choice: Choice) -> dict[str, list[str]]:
    """The address: what differs from the default."""
    default = Choice()
    query = {
        "dataset": [choice.dataset[:SHORT]] * bool(choice.dataset),
        "model": [choice.a[:SHORT]] * bool(choice.a),
        "other": [choice.b[:SHORT]] * bool(choice.b),
        "truth": [str(i) for i in choice.labels],
        "predicted": [str(i) for i in choice.predictions],
        "otherpredicted": [str(i) for i in choice.other_predictions],
        "correct": _flag(choice.correct),
        "agree": _flag(choice.agree),
        "range": [f"{name}:{_bound(least)}:{_bound(most)}" for name, least, most in choice.ranges],
        "condition": list(choice.conditions),
        "text": [choice.text] * bool(choice.text),
        "selection": [choice.selection] * bool(choice.selection),
        "sort": [f"{'-' * choice.descending}{choice.sort}"] * ((choice.sort, choice.descending) != ("sample", False)),
        "sample": [] if choice.sample is None else [str(choice.sample)],
        "shares": ["1"] * choice.shares,
    }
    for name in ("page", "view", "rows", "columns", "size"):
        value = getattr(choice, name)
        query[name] = [] if value == getattr(default, name) else [str(value)]
    return {name: values for name, values in query.items() if values}


def read(query: Query) -> Choice:
    """What an address asks for; what it cannot mean falls back to the default."""
    first = {name: values[0] for name, values in query.items() if values}
    sort = first.get("sort", "sample")
    view, size = first.get("view", ""), _whole(first.get("size", ""))
    axes = {name: first.get(name, "") for name in ("rows", "columns")}
    known = {name: axis for name, axis in axes.items() if axis in (TRUTH, "a", "b")}
    return Choice(
        dataset=first.get("dataset", ""),
        a=first.get("model", ""),
        b=first.get("other", ""),
        labels=_classes(query, "truth", -1),
        predictions=_classes(query, "predicted"),
        other_predictions=_classes(query, "otherpredicted"),
        correct={"1": True, "0": False}.get(first.get("correct", "")),
        agree={"1": True, "0": False}.get(first.get("agree", "")),
        ranges=tuple(dict.fromkeys(span for text in query.get("range", [])[:MOST] if (span := _span(text)))),
        conditions=tuple(dict.fromkeys(query.get("condition", [])[:MOST])),
        text=first.get("text", "")[:MOST],
        selection=first.get("selection", ""),
        sort=sort.removeprefix("-") if sort.removeprefix("-") in SORTS else "sample",
        descending=sort.startswith("-") and sort[1:] in SORTS,
        page=max(_whole(first.get("page", "")) or 1, 1),
        view=cast("View", view if view in get_args(View) else "images"),
        shares=first.get("shares") == "1",
        size=size if size in SIZES else SIZES[1],
        sample=_whole(first.get("sample", "")),
        **known,
    )


def _flag(value: bool | None) -> list[str]:
    return [] if value is None else [str(int(value))]


def _bound(value: float | None) -> str:
    return "" if value is None else repr(value)


def _whole(text: str, least: int = 0) -> int | None:
    """A whole number that fits the store, or None."""
    try:
        value = int(text)
    except ValueError:
        return None
    return value if least <= value < 2**31 else None


def _classes(query: Query, name: str, least: int = 0) -> tuple[int, ...]:
    found = (_whole(text, least) for text in query.get(name, [])[:MOST])
    return tuple(dict.fromkeys(i for i in found if i is not None))


def _span(text: str) -> Span | None:
    """`confidence:0.9:` is from 0.9 on."""
    name, _, bounds = text.partition(":")
    ends = [_number(end) for end in bounds.partition(":")[::2]]
    return (name, ends[0], ends[1]) if name in NUMBERS and ends != [None, None] else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Subject:
    """What the page is about: a dataset, what one model or two say of it, and which samples are asked for."""

    choice: Choice
    dataset: DatasetRecord
    a: PassRecord | None = None
    b: PassRecord | None = None

    @property
    def filter(self) -> Filter:
        """Which samples are asked for; what needs a pass that is not there does not count."""
        c, a, b = self.choice, self.a, self.b
        return Filter(
            self.dataset.dataset_id,
            pass_id=a.pass_id if a else None,
            other_pass=b.pass_id if b else None,
            labels=tuple(i for i in c.labels if i < len(self.dataset.class_names)),
            predictions=tuple(i for i in c.predictions if i < len(a.class_names)) if a else (),
            other_predictions=tuple(i for i in c.other_predictions if i < len(b.class_names)) if b else (),
            correct=c.correct if a else None,
            agree=c.agree if a and b else None,
            ranges=c.ranges if a else (),
            conditions=tuple(condition for condition in c.conditions if condition in self.dataset.conditions),
            text=c.text,
            selection_id=c.selection or None,
        )

    @property
    def passes(self) -> tuple[PassRecord, ...]:
        return tuple(p for p in (self.a, self.b) if p)


def described(subject: Subject, selection: str = "") -> str:
    """The filter in words, such as 'labelled cat or dog, wrong, confidence from 0.9'; empty where there is none."""
    asked, labels = subject.filter, subject.dataset.class_names
    words = [f"in '{selection}'"] if selection else []
    if asked.labels:
        words.append("labelled " + _either(labels[i] if i >= 0 else "nothing" for i in asked.labels))
    for record, classes in ((subject.a, asked.predictions), (subject.b, asked.other_predictions)):
        if record and classes:
            words.append(f"{record.model_name} says " + _either(record.class_names[i] for i in classes))
    words += [{True: "correct", False: "wrong"}[asked.correct]] if asked.correct is not None else []
    words += [{True: "both models agree", False: "the models differ"}[asked.agree]] if asked.agree is not None else []
    words += [_between(*span) for span in asked.ranges]
    words += [_either(asked.conditions)] if asked.conditions else []
    return ", ".join([*words, f"name contains '{asked.text}'"] if asked.text else words)


def _either(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def _between(name: str, least: float | None, most: float | None) -> str:
    ends = ("" if least is None else f" from {least:g}") + ("" if most is None else f" to {most:g}")
    return name + ends
