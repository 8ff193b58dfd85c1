"""What a user has chosen on the Embeddings page, and its address.

?data=ab12cd34ef56&pane=shapes-cnn|penultimate|clean|umap;n_neighbors=30|2|0&pane=...&colour=truth&selection=x7Kq2
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, cast, get_args
from urllib.parse import unquote

import numpy as np

from analysis.embeddings import Embedding, Source
from analysis.passes.conditions import CLEAN
from analysis.records import NUMBERS, DatasetRecord, PassRecord
from app.address import Address, Query

SHORT = 12  # letters of a dataset's id in the address
PANES = 4
MOST = 64  # of anything, from an address
LONG = 400  # letters of anything, from an address

View = Literal["images", "classes", "confusion", "clusters", "neighbours", "place"]
"""What stands beside the panes."""

Colour = str
"""What points are coloured by: truth, prediction, correct, confidence, loss, angle, length, margin, error, moved,
cluster:<clustering_id>, selection:<selection_id>, column:<name of the dataset's own>."""

COLOURS = ("truth", "prediction", "correct", *NUMBERS, "error", "moved")


@dataclass(frozen=True, slots=True)
class Pane:
    """One picture. Empty means: the page's default."""

    model: str = ""
    tap: str = ""
    condition: str = CLEAN.name
    method: str = "pca"
    params: tuple[tuple[str, str], ...] = ()  # those that differ from the method's own, as texts
    dims: int = 2
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """Empty means: the page's default."""

    dataset: str = ""  # the first letters of an id
    panes: tuple[Pane, ...] = ()
    colour: Colour = "truth"
    view: View = "images"
    aligned: bool = True  # turn later panes onto the first (Procrustes), where they are of other features
    camera: bool = False  # panes turn, move and zoom together
    labels: tuple[int, ...] = ()  # filters, as on the Samples page: dataset's classes
    predictions: tuple[int, ...] = ()  # the first pane's model's classes
    correct: bool | None = None
    ranges: tuple[tuple[str, float | None, float | None], ...] = ()
    text: str = ""
    within: str = ""  # the id of a saved selection that is drawn alone
    hidden: tuple[int, ...] = ()  # codes of the colour that were clicked away in the legend
    selection: str = ""  # the id of one that is saved
    sample: int | None = None  # the one that was clicked


def written(choice: Choice) -> dict[str, list[str]]:
    """The address: what differs from the default."""
    usual = {f.name: f.default for f in fields(Choice)}
    query = {
        "data": [choice.dataset[:SHORT]] * bool(choice.dataset),
        "pane": [_pane_written(p) for p in choice.panes],
        "truth": [str(i) for i in choice.labels],
        "predicted": [str(i) for i in choice.predictions],
        "correct": [] if choice.correct is None else ["1" if choice.correct else "0"],
        "range": [f"{name}:{_bound(low)}:{_bound(high)}" for name, low, high in choice.ranges],
        "hide": [str(i) for i in choice.hidden],
        "aligned": [] if choice.aligned else ["0"],
        "camera": ["1"] if choice.camera else [],
    }
    for name in ("colour", "view", "text", "within", "selection", "sample"):
        value = getattr(choice, name)
        query[name] = [] if value == usual[name] else [str(value)]
    return {name: values for name, values in query.items() if values}


def read(query: Query) -> Choice:
    """What an address asks for; what it cannot mean falls back to the default."""
    query = {name: [v[:LONG] for v in dict.fromkeys(values)][:MOST] for name, values in query.items()}
    query["pane"] = [v[:LONG] for v in query.get("pane", [])][:MOST]
    first = {name: values[0] for name, values in query.items() if values}
    view, sample = first.get("view", ""), first.get("sample", "")
    return Choice(
        dataset=first.get("data", ""),
        panes=tuple(_pane_read(text) for text in query["pane"][:PANES]),
        colour=first.get("colour", "truth"),
        view=cast("View", view if view in get_args(View) else "images"),
        aligned=first.get("aligned") != "0",
        camera=first.get("camera") == "1",
        labels=_numbers(query.get("truth", [])),
        predictions=_numbers(query.get("predicted", [])),
        correct={"1": True, "0": False}.get(first.get("correct", "")),
        ranges=tuple(r for text in query.get("range", []) if (r := _range(text))),
        text=first.get("text", ""),
        within=first.get("within", ""),
        hidden=_numbers(query.get("hide", [])),
        selection=first.get("selection", ""),
        sample=int(sample) if sample.isdecimal() and int(sample) < 2**31 else None,
    )


def _pane_written(pane: Pane) -> str:
    method = ";".join([pane.method, *(f"{name}={_signless(value)}" for name, value in pane.params)])
    named = map(_signless, (pane.model, pane.tap, pane.condition))
    return "|".join([*named, method, str(pane.dims), str(pane.seed)])


def _signless(text: str) -> str:
    """Without the signs that part an address: names of classes and layers may hold any."""
    for sign in "%|;=":
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def _pane_read(text: str) -> Pane:
    model, tap, condition, asked, dims, seed, *_ = [*text.split("|"), *[""] * 6]
    method, *params = asked.split(";")
    pairs = (p.partition("=") for p in params)
    return Pane(
        model=unquote(model),
        tap=unquote(tap),
        condition=unquote(condition) or CLEAN.name,
        method=method or "pca",
        params=tuple((name, unquote(value)) for name, _, value in pairs if name),
        dims=3 if dims == "3" else 2,
        seed=int(seed) if seed.isdecimal() and int(seed) < 2**31 else 0,
    )


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _range(text: str) -> tuple[str, float | None, float | None] | None:
    name, low, high = ["", "", *text.rsplit(":", 2)][-3:]
    try:
        bounds = [float(v) if v else None for v in (low, high)]
    except ValueError:
        return None
    if not (name in COLOURS or name.startswith("column:")) or any(v is not None and v != v for v in bounds):
        return None
    return name, bounds[0], bounds[1]


def _numbers(texts: list[str]) -> tuple[int, ...]:
    return tuple(int(t) for t in texts if t.isdecimal() and int(t) < 2**31)


PAGE: Address[Choice] = Address("embeddings", read, written)


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """One pane, as far as it is there."""

    pane: Pane  # nothing left open
    source: Source | None = None  # its features; None: not computed yet, or cannot be
    embedding: Embedding | None = None  # None: not computed yet, or cannot be
    points: np.ndarray | None = None  # (samples, dims) float32 as drawn (aligned where wished), nan where there is none
    moved: np.ndarray | None = None  # (samples,) distance from its place in the first pane, in that one's RMS radius
    record: PassRecord | None = None  # what the model says of the samples
    why: str = ""  # why it is not there, in words


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What every part of the page is about. All that a choice leaves open is decided here."""

    choice: Choice
    dataset: DatasetRecord
    panes: tuple[Laid, ...]
    shown: np.ndarray | None = None  # (size,) bool: the samples that pass the filters; None: all
    selected: np.ndarray | None = None  # (n,) int32 ascending: the samples that were chosen; None: all
    words: str = ""  # how they were chosen

    @property
    def first(self) -> Laid:
        return self.panes[0]

    @property
    def record(self) -> PassRecord | None:
        """The first pane's pass, that truth, predictions and numbers are read from."""
        return self.first.record if self.panes else None

    @property
    def about(self) -> np.ndarray:
        """(n,) int32 ascending: the samples that galleries and tables are about: selected, and passing the filters."""
        found = np.arange(self.dataset.size, dtype=np.int32) if self.selected is None else self.selected
        return found if self.shown is None else found[self.shown[found]]
