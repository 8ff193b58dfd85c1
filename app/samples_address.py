"""The address of a choice on the Samples page.

    ?dataset=ab12cd34ef56&model=0123456789ab&truth=3&correct=0&range=confidence:0.9:&sort=-loss&page=2

Datasets and passes go by the first letters of their ids, selections by their id, classes by their number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast, get_args

from analysis.records import NUMBERS, TRUTH
from app.samples_choice import SIZES, SORTS, Choice, Span, View

SHORT = 12  # letters of an id
MOST = 256  # of anything

Query = Mapping[str, list[str]]


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
