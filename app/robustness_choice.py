"""What a user has chosen on the Robustness page, and its address.

?sweep=ab12cd34ef56&view=local&a=shapes-cnn&at=clean&b=shapes-cnn-lrr-80&bt=fog/3&selection=x7Kq2
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, cast, get_args

import numpy as np

from analysis.sweeps import CLEAN, SweepRecord
from app.address import Address, Query

SHORT = 12  # letters of a sweep's id in the address
MOST = 64  # of anything, from an address
LONG = 256  # letters of anything, from an address

View = Literal[
    "all",
    "table",
    "similarity",
    "local",
    "global",
    "attribution",
    "samples",
    "curves",
    "corruptions",
    "fourier",
    "findings",
]
Number = Literal["margin", "angle", "length", "confidence"]
Room = Literal["small", "large"]
"""How a view is drawn: as one of six on the page, or alone."""

HEIGHT: dict[Room, int] = {"small": 286, "large": 620}
"""Pixels that a view has below its title before its panel scrolls; of the table and the similarity a little more."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Empty means: the page's default. Members go by their names, conditions as "clean" or "fog/3"."""

    sweep: str = ""  # the first letters of an id
    view: View = "all"
    members: tuple[str, ...] = ()  # on show; empty: all
    severity: int = 0  # of the table and the similarity; 0: the mean of all
    score: str = "accuracy"  # the number in a cell of the table
    number: Number = "margin"  # its histogram, and what maps speak of
    sort: str = ""  # of the table: "name", "family", "cluster", a corruption, "mean"; a leading "-" turns it
    published: str = ""  # "1": what others published is laid over the table
    a: str = ""  # the representation on show: a member ...
    at: str = ""  # ... and a condition
    b: str = ""  # what it is compared with
    bt: str = ""
    classes: tuple[int, ...] = ()  # of the local geometry; empty: all
    colour: str = ""  # of the similarity: variant, corruption
    points: str = ""  # of the similarity: "" (variants under corruptions), variants, corruptions
    projection: str = ""  # of the similarity: mds, umap
    shown: str = ""  # of the similarity: map, matrix, tree, redundancy
    drawn: str = ""  # of the local geometry: arrows, change
    curve: str = ""  # the corruption of the curves; empty: all of them, small
    selection: str = ""  # the id of one that is saved
    sample: int | None = None  # the one that is looked at
    target: str = ""  # of the attribution: angle, length, margin, logit
    order: str = ""  # of the samples


_TEXTS = (
    "sweep",
    "score",
    "sort",
    "published",
    "a",
    "at",
    "b",
    "bt",
    "colour",
    "points",
    "projection",
    "shown",
    "drawn",
    "curve",
    "selection",
    "target",
    "order",
)


def written(choice: Choice) -> dict[str, list[str]]:
    """The address: what differs from the default."""
    usual = {f.name: f.default for f in fields(Choice)}
    query = {"member": list(choice.members), "class": [str(c) for c in choice.classes]}
    query["sweep"] = [choice.sweep[:SHORT]] * bool(choice.sweep)
    for name in ("view", "severity", "number", "sample", *_TEXTS[1:]):
        value = getattr(choice, name)
        query[name] = [] if value == usual[name] else [str(value)]
    return {name: values for name, values in query.items() if values}


def read(query: Query) -> Choice:
    """What an address asks for; what it cannot mean falls back to the default."""
    query = {name: [v[:LONG] for v in dict.fromkeys(values)][:MOST] for name, values in query.items()}
    first = {name: values[0] for name, values in query.items() if values}
    view, number, severity = first.get("view", ""), first.get("number", ""), first.get("severity", "")
    sample = first.get("sample", "")
    return Choice(
        view=cast("View", view if view in get_args(View) else "all"),
        number=cast("Number", number if number in get_args(Number) else "margin"),
        members=tuple(query.get("member", [])),
        classes=tuple(int(c) for c in query.get("class", []) if c.isdecimal() and int(c) < 2**15),
        severity=int(severity) if severity in ("1", "2", "3", "4", "5") else 0,
        sample=int(sample) if sample.isdecimal() and int(sample) < 2**31 else None,
        score=first.get("score", "accuracy"),
        **{name: first.get(name, "") for name in _TEXTS if name != "score"},
    )


PAGE: Address[Choice] = Address("robustness", read, written)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What every view of the page is about. All that a choice leaves open is decided here."""

    sweep: SweepRecord
    choice: Choice
    members: tuple[int, ...]  # on show, as places in the sweep's
    selected: np.ndarray | None = None  # the samples that were chosen (n,) ascending; None: all
    words: str = ""  # how they were chosen

    @property
    def a(self) -> tuple[int, int]:
        """The representation on show: member and condition. The reference on clean images, if nothing was chosen."""
        sweep, choice = self.sweep, self.choice
        member = sweep.member(choice.a or sweep.reference)
        return (self.members[0] if member is None else member), sweep.condition(choice.at or CLEAN) or 0

    @property
    def b(self) -> tuple[int, int]:
        """What it is compared with: by default the same member under the first corruption, at severity 3."""
        sweep, choice = self.sweep, self.choice
        member = sweep.member(choice.b) if choice.b else None
        usual = f"{sweep.corruptions[0]}/3" if sweep.corruptions else CLEAN
        place = sweep.condition(choice.bt or usual)
        return (self.a[0] if member is None else member), (len(sweep.conditions) - 1 if place is None else place)
