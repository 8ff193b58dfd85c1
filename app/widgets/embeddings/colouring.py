"""What the points are coloured by: from the choice to a code or a number for every sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.embeddings import Clustering
from app import resources
from app.embeddings_choice import COLOURS, Laid, Subject
from app.figures import embeddings_palette as palette
from app.widgets.embeddings.numbers import Told, told

WORDS = {
    "truth": "Label",
    "prediction": "Prediction",
    "correct": "Right or wrong",
    "confidence": "Confidence",
    "loss": "Loss",
    "angle": "Angle to the true class",
    "length": "Length of the features",
    "margin": "Margin",
    "error": "Error of the picture",
    "moved": "Moved since pane 1",
}
UNITS = {"angle": "°", "moved": "radii"}
COLUMN_WORDS = {"width_px": "Width of the image", "height_px": "Height of the image", "condition": "Condition"}
NO_LABEL, NO_CLUSTER = "no label", "no cluster"
OUTCOMES = ("right", "wrong", "not known")
MOST_CODES = 65_000
MOST_SELECTIONS = 30
ENDS = (0.5, 99.5)
"""Per cent of the values that the colours span: a few outliers must not make all the others alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Coloured:
    """A code or a number for each of N samples, and how they are drawn."""

    title: str
    codes: np.ndarray | None = None  # (N,) uint16, places in names
    names: tuple[str, ...] = ()
    values: np.ndarray | None = None  # (N,) float32, nan where there is none
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    palette: tuple[str, ...] = ()  # a colour a name, or the stops of a ramp


def offered(subject: Subject) -> dict[str, str]:
    """What there is to colour by, with its words."""
    known = told(subject.dataset, subject.record)
    found = [c for c in COLOURS if _there(c, subject, known)]
    words = {c: WORDS[c] for c in found}
    words |= {f"column:{n}": COLUMN_WORDS.get(n, n) for n in known.columns}
    kept = resources.store().selections(subject.dataset.dataset_id)[:MOST_SELECTIONS]
    words |= {f"selection:{s.selection_id}": f"In '{s.name}'" for s in kept}
    return words | {f"cluster:{c.clustering_id}": _cluster_words(c, laid) for laid, c in clusterings(subject.panes)}


def _there(colour: str, subject: Subject, known: Told) -> bool:
    if colour == "truth":
        return bool(subject.dataset.labelled)
    if colour == "error":
        return erring(subject.panes) is not None
    if colour == "moved":
        return moving(subject.panes) is not None
    if colour in ("prediction", "correct"):
        return subject.record is not None and (colour == "prediction" or bool(np.isfinite(known.correct).any()))
    return colour in known.numbers


def clusterings(panes: Sequence[Laid]) -> list[tuple[int, Clustering]]:
    """Those of the pictures on show, as (pane's place, clustering)."""
    store, seen = resources.store(), set()
    found = []
    for place, laid in enumerate(panes):
        if laid.embedding is not None and laid.embedding.embedding_id not in seen:
            seen.add(laid.embedding.embedding_id)
            found += [(place, c) for c in store.embeddings.clusterings(laid.embedding.embedding_id)]
    return found


def _cluster_words(found: Clustering, place: int) -> str:
    count = sum(1 for c in found.clusters if c.cluster >= 0)
    method = {"hdbscan": "HDBSCAN", "kmeans": "k-means"}.get(found.method, found.method)
    return f"{count} clusters of pane {place + 1} ({method})"


def erring(panes: Sequence[Laid]) -> int | None:
    """The first pane whose samples' errors are measured."""
    return next((i for i, laid in enumerate(panes) if _errors(laid) is not None), None)


def _errors(laid: Laid) -> np.ndarray | None:
    return resources.store().embeddings.errors(laid.embedding.embedding_id) if laid.embedding else None


def moving(panes: Sequence[Laid]) -> int | None:
    """The first pane whose samples' ways from their places in pane 1 are known."""
    return next((i for i, laid in enumerate(panes) if i and laid.moved is not None), None)


def coloured(subject: Subject, dark: bool = False) -> Coloured:
    """As the choice says; the labels, else one colour for all, where that is not there."""
    wanted = subject.choice.colour
    words = offered(subject)
    if wanted not in words:
        wanted = next((c for c in ("truth", "prediction") if c in words), "")
    if not wanted:
        size = subject.dataset.size
        return Coloured("Samples", np.zeros(size, np.uint16), ("all samples",), palette=palette.classes(1))
    known = told(subject.dataset, subject.record)
    kind, _, name = wanted.partition(":")
    if kind == "cluster":
        return _clusters(name, words[wanted])
    if kind == "selection":
        inside = np.ones(subject.dataset.size, np.int64)
        inside[resources.store().selection_ids(name)] = 0
        return _classes(words[wanted], inside, ("inside", "outside"), "")
    if kind == "column":
        unit = "px" if name in COLUMN_WORDS else ""
        return _column(known.columns[name], words[wanted], unit, dark)
    if wanted == "truth":
        return _classes(words[wanted], known.labels, subject.dataset.class_names, NO_LABEL)
    if wanted == "prediction":
        names = subject.record.class_names if subject.record else ()
        return _classes(words[wanted], known.prediction, names, "nothing")
    if wanted == "correct":
        codes = np.where(known.correct == 1, 0, np.where(known.correct == 0, 1, 2)).astype(np.uint16)
        return Coloured(words[wanted], codes, OUTCOMES, palette=(palette.RIGHT, palette.WRONG, palette.NOTHING))
    return _number(words[wanted], _values(wanted, subject, known), UNITS.get(wanted, ""), dark)


def numeric(wanted: str, subject: Subject) -> np.ndarray | None:
    """(N,) the numbers behind a colour, nan where there is none; None where they are not there, or no numbers."""
    known = told(subject.dataset, subject.record)
    kind, _, name = wanted.partition(":")
    if kind == "column":
        values = known.columns.get(name)
        return values if values is not None and values.dtype.kind == "f" else None
    numbers = (*known.numbers, "error", "moved")
    return _values(wanted, subject, known) if wanted in numbers and _there(wanted, subject, known) else None


def _values(wanted: str, subject: Subject, known: Told) -> np.ndarray:
    place = {"error": erring, "moved": moving}[wanted](subject.panes) if wanted in ("error", "moved") else None
    if place is not None:
        laid = subject.panes[place]
        found = _errors(laid) if wanted == "error" else laid.moved
        assert found is not None
        return np.asarray(found, np.float32)
    values = known.numbers[wanted]
    return np.degrees(values) if wanted == "angle" else values


def _classes(title: str, codes: np.ndarray, names: Sequence[str], without: str) -> Coloured:
    """Codes below 0 come last, in grey."""
    names = tuple(names)
    lacking = (codes < 0) | (codes >= len(names))
    colours = palette.classes(len(names))
    if lacking.any():
        codes = np.where(lacking, len(names), codes)
        names, colours = (*names, without), (*colours, palette.NOTHING)
    return Coloured(title, codes.astype(np.uint16), names, palette=colours)


def _clusters(clustering_id: str, title: str) -> Coloured:
    labels = np.asarray(resources.store().embeddings.labels(clustering_id))
    count = int(labels.max(initial=-1)) + 1
    return _classes(title, labels, [f"cluster {i + 1}" for i in range(count)], NO_CLUSTER)


def _column(values: np.ndarray, title: str, unit: str, dark: bool) -> Coloured:
    if values.dtype.kind == "f":
        return _number(title, values, unit, dark)
    names, codes = np.unique(values, return_inverse=True)
    return _classes(title, codes[: len(values)], [str(n) for n in names[:MOST_CODES]], "others")


def _number(title: str, values: np.ndarray, unit: str, dark: bool) -> Coloured:
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, ENDS).tolist() if len(finite) else (0.0, 1.0)
    if high <= low:
        low, high = low - 0.5, low + 0.5
    ramp = palette.RAMPS["dark" if dark else "light"]
    return Coloured(title, None, (), values.astype(np.float32), low, high, unit, ramp)
