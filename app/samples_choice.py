"""What a user has chosen on the Samples page, what it is about, and which samples that asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Literal

from analysis.records import NUMBERS, TRUTH, DatasetRecord, Filter, PassRecord

SORTS = ("sample", "name", "label", "prediction", *NUMBERS)
SIZES = (64, 96, 144)
"""Sides of a thumbnail in CSS pixels."""

View = Literal["images", "confusion", "calibration", "classes", "selections"]
Span = tuple[str, float | None, float | None]


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
