"""What a user has chosen on the Geometry page, and its address.

?data=ab12cd34ef56&model=shapes-cnn&model=shapes-cnn-lrr-80&tap=penultimate&view=depth&measure=nc1&selection=x7Kq2
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Literal, TypeVar, cast, get_args

import numpy as np
import streamlit as st

from analysis.measurements import Measurement
from analysis.passes.conditions import CLEAN
from analysis.pipelines.geometry_classes import class_names, foreign
from analysis.records import DatasetRecord, PassRecord
from app.address import Address, Query

SHORT = 12  # letters of a dataset's id in the address
MODELS = 6
MOST = 64  # of anything, from an address
LONG = 256  # letters of anything, from an address

View = Literal["overview", "depth", "classes", "spectrum", "subspaces", "similarity", "separability", "place"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Empty means: the page's default."""

    dataset: str = ""  # the first letters of an id
    models: tuple[str, ...] = ()  # the first is the one that others are compared with
    condition: str = CLEAN.name
    tap: str = ""  # of the views of one place; empty: the head's input
    view: View = "overview"
    measures: tuple[str, ...] = ()  # of the chart by depth; empty: a telling few
    classes: tuple[str, ...] = ()  # names of those on show in matrices and tables; empty: all, or the most telling
    order: str = ""  # of the classes in matrices: index, name, similarity, accuracy
    shown: str = ""  # which matrix, which score: by view
    other: str = ""  # a second dataset (first letters of its id), for OOD scores
    selection: str = ""
    strange: tuple[str, ...] = field(default=(), compare=False)  # what an address asks that cannot be, in words


_TEXTS = ("dataset", "condition", "tap", "order", "shown", "other", "selection")
_NAMES = {"dataset": "data"}


def written(choice: Choice) -> dict[str, list[str]]:
    """The address: what differs from the default."""
    usual = {f.name: f.default for f in fields(Choice)}
    query = {
        "model": list(choice.models),
        "measure": list(choice.measures),
        "class": list(choice.classes),
        "view": [choice.view] * (choice.view != usual["view"]),
    }
    for name in _TEXTS:
        value = getattr(choice, name)
        shown = value[:SHORT] if name in ("dataset", "other") else value
        query[_NAMES.get(name, name)] = [] if value == usual[name] else [shown]
    return {name: values for name, values in query.items() if values}


def read(query: Query) -> Choice:
    """What an address asks for; what it cannot mean falls back to the default."""
    query = {name: [v[:LONG] for v in dict.fromkeys(values)][:MOST] for name, values in query.items()}
    first = {name: values[0] for name, values in query.items() if values}
    view = first.get("view", "")
    texts = {name: first.get(_NAMES.get(name, name), "") for name in _TEXTS}
    return Choice(
        models=tuple(query.get("model", []))[:MODELS],
        view=cast("View", view if view in get_args(View) else "overview"),
        strange=tuple(_strange(view, query.get("model", [])[MODELS:])),
        measures=tuple(query.get("measure", [])),
        classes=tuple(query.get("class", [])),
        **{**texts, "condition": texts["condition"] or CLEAN.name},
    )


def _strange(view: str, left_out: list[str]) -> Iterator[str]:
    """What must be said of an address."""
    if view not in ("", *get_args(View)):
        yield f"There is no view '{view}'; the overview is shown."
    if left_out:
        yield f"At most {MODELS} models are shown side by side; left out: {', '.join(left_out)}."


PAGE: Address[Choice] = Address("geometry", read, written)

T = TypeVar("T")


def heard(key: str, now: T) -> T:
    """What a widget says, in its callback; `now` where another callback has just begun the page anew without it."""
    return st.session_state.get(key, now)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """One model on show, as far as it was measured."""

    name: str
    record: PassRecord | None = None  # its pass with the features; None: it has to be run first
    numbers: tuple[Measurement, ...] = ()  # of that pass, by place and measure
    why: str = ""  # why it has none, in words
    dataset_classes: tuple[str, ...] = ()

    @property
    def foreign(self) -> bool:
        """Whether it names none of the dataset's classes."""
        return self.record is not None and foreign(self.record)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of the classes by which it was measured: its own, or the dataset's where it names none of them."""
        return () if self.record is None else class_names(self.record, self.dataset_classes)

    @property
    def taps(self) -> tuple[str, ...]:
        """Those that were measured, from the input on."""
        return tuple(dict.fromkeys(n.tap for n in sorted(self.numbers, key=lambda n: n.place)))


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What every part of the page is about. All that a choice leaves open is decided here."""

    choice: Choice
    dataset: DatasetRecord
    networks: tuple[Network, ...]
    selected: np.ndarray | None = None  # (n,) int32 ascending samples; None: all
    words: str = ""  # how they were chosen

    @property
    def first(self) -> Network:
        return self.networks[0]

    @property
    def other_classes(self) -> str:
        """What must be said of networks that name none of the dataset's classes; empty where there are none."""
        names = [n.name for n in self.networks if n.foreign]
        if not names:
            return ""
        who = f"{', '.join(names[:-1])} and {names[-1]} name" if len(names) > 1 else f"{names[0]} names"
        whose = "their" if len(names) > 1 else "its"
        return (
            f"{who} other classes than {self.dataset.name}: {whose} classes here are the dataset's own, and nothing is "
            f"said of {whose} answers."
        )
