"""From what is there to what the panes draw, and from what a user does in them to the choice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from app import serving
from app.embeddings_choice import PAGE, Laid, Subject
from app.figures import embeddings_density, embeddings_palette
from app.recent import Recent
from app.widgets.embeddings import jobs, said, selection
from app.widgets.embeddings.colouring import Coloured
from app.widgets.embeddings.panes import Colouring, Drawn, Raster, UploadMark, panes, resolve
from app.widgets.embeddings.panes_data import turns

CONTOURS_FROM = 20_000
"""Points from which on lines of density say more than the points alone."""

RASTER_FROM = 200_000
SUBSET = 100_000
"""Of more than RASTER_FROM points, so many are drawn over the density of all; a lasso still chooses among all."""

KEPT = 32
HIDDEN, FADED, LIT = 0, 1, 2


@st.cache_resource(show_spinner=False)
def _under() -> Recent[tuple[str, ...], Any]:
    """Contours and densities, by the picture that they are of."""
    return Recent(KEPT)


@dataclass(frozen=True, slots=True, eq=False)
class _Ink:
    """What densities are drawn with."""

    codes: np.ndarray | None  # (N,), None where colours are of numbers
    palette: tuple[str, ...]
    shown: np.ndarray | None
    dark: bool

    @property
    def stamp(self) -> str:
        found = hashlib.sha256(repr((self.palette, self.dark)).encode())
        for array in (self.codes, self.shown):
            found.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
        return found.hexdigest()


def section(subject: Subject, coloured: Coloured, height: int, uploads: Sequence[UploadMark]) -> None:
    """Draw all panes in one component."""
    dark = st.context.theme.type == "dark"
    lit = lit_of(subject)
    rows = subset(subject, lit)
    ink = _Ink(coloured.codes, coloured.palette, subject.shown, dark)
    drawn = [_drawn(subject, place, rows, ink) for place in range(len(subject.panes))]
    panes(
        drawn,
        colouring_of(coloured),
        lit=lit,
        context_url=_context(subject),
        height=height,
        key="embeddings.panes",
        shared_camera=subject.choice.camera,
        sample=subject.choice.sample,
        uploads=uploads,
        hidden=subject.choice.hidden,
        on_choose=partial(chosen, subject, drawn, lit),
        on_pick=_picked,
        on_hide=_hid,
    )


def lit_of(subject: Subject) -> np.ndarray | None:
    """(size,) uint8: what the filters leave out is hidden, what is not selected is faded; None: all are lit."""
    if subject.selected is None and subject.shown is None:
        return None
    lit = np.full(subject.dataset.size, LIT if subject.selected is None else FADED, np.uint8)
    if subject.selected is not None:
        lit[subject.selected] = LIT
    if subject.shown is not None:
        lit[~subject.shown] = HIDDEN
    return lit


def subset(subject: Subject, lit: np.ndarray | None) -> np.ndarray | None:
    """Of very many samples those that are drawn, ascending: some by lot of what is shown, and the selected ones."""
    size = subject.dataset.size
    if size <= RASTER_FROM:
        return None
    lots = np.random.default_rng(0).random(size)
    if lit is not None:
        lots = lots + (lit == HIDDEN) - 0.5 * (lit == LIT) * (subject.selected is not None)
    return np.sort(np.argpartition(lots, SUBSET)[:SUBSET])


def colouring_of(coloured: Coloured) -> Colouring:
    if coloured.codes is not None:
        return Colouring(
            "category", codes=coloured.codes, names=coloured.names, palette=coloured.palette, title=coloured.title
        )
    return Colouring(
        "number", values=coloured.values, palette=coloured.palette, low=coloured.low, high=coloured.high,
        title=coloured.title, unit=coloured.unit,
    )  # fmt: skip


def _drawn(subject: Subject, place: int, rows: np.ndarray | None, ink: _Ink) -> Drawn:
    laid = subject.panes[place]
    title = f"{place + 1} · {said.pane(laid.pane)}"
    if laid.embedding is None or laid.points is None:
        why = jobs.why(laid, subject.dataset, [one.pane for one in subject.panes])
        return Drawn(title, said.details(laid), why=why)  # how far it is stands below: that is drawn while it runs
    turned = bool(place) and subject.choice.aligned and turned_onto(subject.first, laid)
    drawn = Drawn(
        title,
        f"{said.details(laid)} · turned onto 1" if turned else said.details(laid),
        laid.points,
        () if turned else laid.embedding.axes,
        rows=rows,
    )
    if laid.points.shape[1] != 2:
        return drawn
    key = (laid.embedding.embedding_id, _onto(subject.first) if turned else "")
    return _with_density(drawn, laid, key, ink)


def turned_onto(first: Laid, laid: Laid) -> bool:
    """Whether a pane that is aligned was turned onto the first."""
    return laid.moved is not None and turns(first, laid)


def _onto(first: Laid) -> str:
    return first.embedding.embedding_id if first.embedding else ""


def _with_density(drawn: Drawn, laid: Laid, key: tuple[str, str], ink: _Ink) -> Drawn:
    from analysis.projections import density

    points = laid.points
    assert points is not None
    if len(points) >= CONTOURS_FROM:
        drawn = replace(drawn, contours=_under().made((*key, "contours"), lambda: density.contours(points)))
    if len(points) > RASTER_FROM:
        drawn = replace(drawn, raster=_under().made((*key, "raster", ink.stamp), lambda: _raster(points, ink)))
    return drawn


def _raster(points: np.ndarray, ink: _Ink) -> Raster:
    """Density of what the filters leave, in the colour of the class that is most frequent in each cell."""
    from analysis.projections import density

    bounds = density.bounds(points)
    if ink.shown is not None:
        points = np.where(ink.shown[:, None], points, np.nan)
    counts = density.raster(points, bounds)
    if ink.codes is None:
        return Raster(embeddings_density.png(counts, dark=ink.dark), bounds)
    most = density.commonest(points, ink.codes, bounds)
    return Raster(embeddings_density.png(counts, embeddings_palette.rgb(ink.palette)[most], dark=ink.dark), bounds)


def _context(subject: Subject) -> str:
    """Who answers for words and thumbnails of samples: each model that is on show, once."""
    passes = {}
    for laid in subject.panes:
        if laid.record is not None:
            passes.setdefault(laid.record.pass_id, _called(laid))
    found = serving.Context(
        subject.dataset.dataset_id, subject.dataset.size, tuple((title, i) for i, title in passes.items())
    )
    return serving.publish_context(found)


def _called(laid: Laid) -> str:
    clean = laid.pane.condition == "clean"
    return laid.pane.model if clean else f"{laid.pane.model}, {said.condition(laid.pane.condition)}"


def chosen(subject: Subject, drawn: Sequence[Drawn], lit: np.ndarray | None, event: Mapping[str, Any]) -> None:
    """A lasso or a box in one of the panes."""
    found = resolve(event, drawn, lit)
    selection.taken(subject, found, event["mode"], f"lasso in pane {event['pane'] + 1}")


def _picked(sample: int) -> None:
    same = PAGE.current().sample == sample
    PAGE.change(sample=None if same else sample)


def _hid(codes: Sequence[int]) -> None:
    PAGE.change(hidden=tuple(codes))
