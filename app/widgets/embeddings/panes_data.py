"""From what is chosen for each pane to what is there of it: read from the store, laid at once, or told why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from analysis.embeddings import Embedding, Source
from analysis.records import DatasetRecord, PassRecord
from app import resources
from app.embeddings_choice import Choice, Laid, Pane
from app.recent import Recent
from app.widgets.embeddings import usual
from models.errors import CutawayError

KEPT_BYTES = 256 * 2**20
FIXED = ("class_directions",)
"""Methods whose axes mean something by themselves: they are not turned."""


@dataclass(frozen=True, slots=True, eq=False)
class Here:
    """What the workspace has of one dataset."""

    dataset: DatasetRecord
    passes: tuple[PassRecord, ...]
    sources: tuple[Source, ...]
    embeddings: tuple[Embedding, ...]

    def source(self, pane: Pane) -> Source | None:
        wanted = (pane.model, pane.tap, pane.condition)
        return next((s for s in self.sources if (s.model_name, s.tap, s.condition) == wanted), None)

    def record(self, pane: Pane, source: Source | None) -> PassRecord | None:
        """What the model says: of the pass whose features are on show, else of any under that condition."""
        ids = [p for p in self.passes if source is not None and p.pass_id == source.pass_id]
        same = [p for p in self.passes if (p.model_name, p.condition) == (pane.model, pane.condition)]
        return next(iter([*ids, *same]), None)


@st.cache_resource(show_spinner=False)
def _turned() -> Recent[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """Points turned onto others, and how far each sample is from its place there."""
    return Recent(KEPT_BYTES, lambda pair: sum(a.nbytes for a in pair))


@st.cache_resource(show_spinner=False)
def _points() -> Recent[str, np.ndarray]:
    return Recent(KEPT_BYTES, lambda a: a.nbytes)


def here(dataset: DatasetRecord) -> Here:
    from analysis.pipelines import embedding

    store, workspace = resources.store(), resources.settings().workspace
    return Here(
        dataset,
        tuple(store.passes(dataset.dataset_id)),
        tuple(embedding.sources(store, workspace, dataset.dataset_id)),
        tuple(store.embeddings.all(dataset.dataset_id)),
    )


def laid(found: Here, choice: Choice) -> tuple[Laid, ...]:
    """Each pane as far as it is there, later ones turned onto the first where that is wished and possible."""
    panes = usual.panes(choice, found.sources, found.embeddings)
    each = [lay(found, pane, panes) for pane in panes]
    return (*each[:1], *(_onto(each[0], other, choice.aligned) for other in each[1:]))


def lay(found: Here, pane: Pane, panes: Sequence[Pane]) -> Laid:
    """One pane: what is stored, else laid at once where that takes no time; `why` where it cannot be."""
    source = found.source(pane)
    record = found.record(pane, source)
    try:
        embedding = stored(found, pane, panes) or _quick(found, pane, panes, source)
        points = None if embedding is None else points_of(embedding)
    except CutawayError as error:
        return Laid(pane, source, record=record, why=str(error))
    return Laid(pane, source, embedding, points, record=record)


def points_of(embedding: Embedding) -> np.ndarray:
    """(samples, dims) float32 as stored, kept in memory."""
    key = embedding.embedding_id
    return _points().made(key, lambda: np.array(resources.store().embeddings.points(key), np.float32))


def stored(found: Here, pane: Pane, panes: Sequence[Pane]) -> Embedding | None:
    """What the store has of it; of a joint method only where it has all that are laid out together."""
    from analysis.pipelines import embedding

    store, workspace = resources.store(), resources.settings().workspace
    first = embedding.find(store, workspace, **asking(found.dataset, pane, panes))
    if first is None or not first.group:
        return first
    same = (e for e in store.embeddings.all(found.dataset.dataset_id) if e.group == first.group)
    alike = ((first.method, first.params, first.dims, first.seed), (pane.model, pane.tap, pane.condition))
    return next(
        (e for e in same if ((e.method, e.params, e.dims, e.seed), (e.model_name, e.tap, e.condition)) == alike), None
    )


def _quick(found: Here, pane: Pane, panes: Sequence[Pane], source: Source | None) -> Embedding | None:
    from analysis.pipelines import embedding
    from analysis.projections import PROJECTIONS

    if source is None or not PROJECTIONS[pane.method].quick:
        return None
    params = asking(found.dataset, pane, panes)["params"]
    store, workspace = resources.store(), resources.settings().workspace
    network = resources.loaded().get(pane.model)
    return embedding.quick(store, workspace, source, pane.method, params, pane.dims, pane.seed, network)


def together(pane: Pane, panes: Sequence[Pane]) -> list[Pane]:
    """The panes that a joint method lays out with this one, itself among them, in their order."""
    alike = replace(pane, model="", tap="", condition="")
    return list(dict.fromkeys(p for p in panes if replace(p, model="", tap="", condition="") == alike))


def asking(dataset: DatasetRecord, pane: Pane, panes: Sequence[Pane]) -> dict[str, Any]:
    """What the pipelines are asked for a pane; by a joint method it is the same for all that it lays out together."""
    from analysis.projections import PROJECTIONS

    method = PROJECTIONS[pane.method]
    first, *others = together(pane, panes) if method.kind == "joint" else [pane]
    return {
        "model": first.model,
        "dataset_id": dataset.dataset_id,
        "tap": first.tap,
        "condition": first.condition,
        "method": pane.method,
        "params": method.bound(dict(pane.params)),
        "dims": pane.dims,
        "seed": pane.seed,
        "others": [(p.model, p.tap, p.condition) for p in others],
    }


def unalike(first: Laid, other: Laid) -> str:
    """Why one cannot be turned onto the other; empty where it can."""
    if first.points is None or other.points is None:
        return ""
    if first.points.shape[1] != other.points.shape[1]:
        return "one pane has two dimensions, the other three"
    return ""


def _onto(first: Laid, other: Laid, aligned: bool) -> Laid:
    """With how far each sample moved; turned where that is wished and its axes mean nothing by themselves."""
    if first.embedding is None or other.embedding is None or other.points is None or unalike(first, other):
        return other
    if other.pane.method in FIXED and first.pane.method != other.pane.method:
        return other
    key = (other.embedding.embedding_id, first.embedding.embedding_id)
    try:
        turned, moved = _turned().made(key, lambda: _compared(first, other))
    except CutawayError:
        return other
    return replace(other, points=turned if aligned and turns(first, other) else other.points, moved=moved)


def turns(first: Laid, other: Laid) -> bool:
    """Whether alignment would change what is drawn: not of the first's own picture, nor of one laid with it."""
    a, b = first.embedding, other.embedding
    if a is None or b is None or a.embedding_id == b.embedding_id or b.method in FIXED:
        return False
    return not (a.group and a.group == b.group)


def _compared(first: Laid, other: Laid) -> tuple[np.ndarray, np.ndarray]:
    from analysis.projections.alignment import displacement, procrustes

    assert first.points is not None
    assert other.points is not None
    turned = procrustes(other.points, first.points).points if turns(first, other) else other.points
    return np.asarray(turned, np.float32), np.asarray(displacement(turned, first.points), np.float32)
