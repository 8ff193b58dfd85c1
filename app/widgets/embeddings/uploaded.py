"""Pictures of the user's own on this page: kept for the session, put into every picture of features by jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from analysis.datasets.decoding import decode
from analysis.embeddings import Embedding
from analysis.engine.jobs import Job, Jobs
from analysis.store import digest
from analysis.types import Picture, Report
from app import resources
from app.embeddings_choice import Laid, Subject
from app.figures.pictures import thumbnail
from app.recent import Recent
from app.widgets.embeddings.panes import UploadMark
from models.errors import CutawayError

if TYPE_CHECKING:
    from analysis.pipelines.embedding_upload import Placed

MINE, REFUSED, ROUND = "embeddings.uploads", "embeddings.uploads.refused", "embeddings.uploads.round"
MOST = 8
"""Pictures at once; a ninth takes the place of the first."""

KEPT = 64
MARK_PX = 40
FITTED = 4000
"""Samples that tell how a pane was turned."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What is known of the pictures in one pane: where they lie, or the work that finds out, or why not."""

    placed: Placed | None = None
    engine: Jobs | None = None
    job: Job | None = None
    why: str = ""


@st.cache_resource(show_spinner=False)
def _found() -> Recent[str, Placed]:
    return Recent(KEPT)


def pictures() -> tuple[Picture, ...]:
    """In the order of their coming."""
    return tuple(st.session_state.get(MINE, {}).values())


def taken(turn: int) -> None:
    """Decode what was uploaded and keep it; what cannot be read is told. In the uploader's callback.

    The browser may still report files of an uploader that was emptied: `turn` says whose they are.
    """
    files = st.session_state.get(f"{MINE}.{turn}") or []
    if not files:
        return
    st.session_state[ROUND] = max(st.session_state.get(ROUND, 0), turn + 1)
    refused = []
    for file in files:
        try:
            add(file.name, file.getvalue())
        except CutawayError as error:
            refused.append(str(error))
    st.session_state[REFUSED] = refused


def add(name: str, data: bytes) -> None:
    """Decode a picture and keep it, as the newest; CutawayError where it cannot be read. In a callback."""
    picture = decode(data, name)
    resources.store().save_picture(picture, data)
    mine: dict[str, Picture] = dict(st.session_state.get(MINE, {}))
    mine.pop(picture.digest, None)
    mine[picture.digest] = picture
    st.session_state[MINE] = dict(list(mine.items())[-MOST:])
    st.session_state.pop(REFUSED, None)


def removed(which: str = "") -> None:
    """Let one picture go, or all."""
    mine: dict[str, Picture] = st.session_state.get(MINE, {})
    st.session_state[MINE] = {d: p for d, p in mine.items() if which and d != which}
    st.session_state.pop(REFUSED, None)


def key_of(embedding: Embedding, given: Sequence[Picture]) -> str:
    return digest(family="placing", embedding=embedding.embedding_id, pictures=[p.digest for p in given])


def outcome(laid: Laid) -> Outcome:
    """Of one pane; asks for what is lacking. Nothing here waits."""
    given, embedding = pictures(), laid.embedding
    if not given or embedding is None:
        return Outcome(why="" if not given else "This pane has no picture yet.")
    key = key_of(embedding, given)
    if (known := _found().get(key)) is not None:
        return Outcome(placed=known)
    job = resources.jobs().get(key)
    if job is not None and job.error is not None:
        return Outcome(why=str(job.error))
    if job is not None and job.active:
        return Outcome(engine=resources.jobs(), job=job)
    classifier = resources.classifier(embedding.model_name)
    if isinstance(classifier, Job):
        if classifier.error is not None:
            return Outcome(why=f"{embedding.model_name} cannot be loaded: {classifier.error}")
        return Outcome(engine=resources.loading(), job=classifier)
    store, workspace = resources.store(), resources.settings().workspace

    def compute(report: Report) -> None:
        from analysis.pipelines.embedding_upload import place

        report(0.0, "reading its features")
        _found().put(key, place(store, workspace, embedding, classifier, given))

    title = f"Placing {len(given)} pictures by {embedding.model_name}"
    return Outcome(engine=resources.jobs(), job=resources.jobs().submit(key, title, compute))


def again(laid: Laid) -> None:
    """After a failure, once more."""
    if laid.embedding is not None:
        for engine, key in (
            (resources.jobs(), key_of(laid.embedding, pictures())),
            (resources.loading(), f"load:{laid.embedding.model_name}"),
        ):
            job = engine.get(key)
            if job is not None and not job.active:
                engine.forget(key)


def drawn_points(laid: Laid, points: np.ndarray) -> np.ndarray:
    """Points (M, dims) of an embedding as its pane draws them: turned onto the first pane's where the pane is."""
    if laid.embedding is None or laid.points is None or laid.moved is None:
        return points
    stored = resources.store().embeddings.points(laid.embedding.embedding_id)
    return turned(points, np.asarray(stored), laid.points)


def turned(points: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Points (M, d) by the affine map that took (N, d) before to (N, d) after."""
    rows = np.flatnonzero(np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1))
    rows = rows[:: max(1, len(rows) // FITTED)]
    if len(rows) <= before.shape[1]:
        return points
    given = np.column_stack([before[rows], np.ones(len(rows))]).astype(np.float64)
    found, *_ = np.linalg.lstsq(given, after[rows].astype(np.float64), rcond=None)
    return (np.column_stack([points, np.ones(len(points))]) @ found).astype(np.float32)


def marks(subject: Subject) -> list[UploadMark]:
    """What the panes draw of the user's pictures, as far as it is known."""
    given, found = pictures(), []
    if not given:
        return []
    for place, laid in enumerate(subject.panes):
        placed = outcome(laid).placed
        if placed is None:
            continue
        for picture, point in zip(given, drawn_points(laid, placed.points), strict=True):
            if np.isfinite(point).all():
                src = thumbnail(picture.pixels, MARK_PX)
                found.append(UploadMark(place, tuple(float(v) for v in point), picture.name, src))
    return found


def waiting(subject: Subject) -> list[Outcome]:
    """Panes whose work is under way, one for each piece of work."""
    outcomes = [replace(o) for laid in subject.panes if (o := outcome(laid)).job is not None]
    return list({o.job.key: o for o in outcomes if o.job is not None}.values())
