"""Small pictures of one pane over the parameter that decides what is seen: a click takes one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from analysis.store import digest
from app import resources
from app.boundary import boundary, guarded, plain
from app.embeddings_choice import PAGE, Laid, Pane, Subject
from app.figures import embeddings_palette
from app.figures import embeddings_small as small
from app.recent import Recent
from app.widgets.embeddings import jobs, said
from app.widgets.embeddings.colouring import Coloured
from app.widgets.embeddings.drawing import lit_of
from app.widgets.embeddings.panes_data import Here, points_of, stored
from app.widgets.progress import watch
from models.errors import CutawayError

OPEN = "embeddings.strip"
KEPT = 64


@st.cache_resource(show_spinner=False)
def _drawn() -> Recent[str, bytes]:
    return Recent(KEPT)


def section(subject: Subject, found: Here, coloured: Coloured) -> None:
    """Behind a heading; drawn only while it is open."""
    places = [i for i, laid in enumerate(subject.panes) if steps(laid.pane)]
    if not places:
        return
    box = st.expander(
        "The same pane under other parameters", key=OPEN, on_change="rerun", icon=":material/view_column:"
    )
    if not box.open:
        return
    with box, boundary():
        names = {i: f"{i + 1} · {said.pane(subject.panes[i].pane)}" for i in places}
        place = places[0]
        if len(places) > 1:
            chosen = st.segmented_control(
                "Pane", names, format_func=names.__getitem__, default=place, key="embeddings.strip.pane", required=True
            )
            place = place if chosen is None else chosen
        _strip(subject, place, found, coloured)


def steps(pane: Pane) -> tuple[int, ...]:
    """The values of the knob that are drawn."""
    from analysis.projections import PROJECTIONS

    if pane.method not in PROJECTIONS:
        return ()
    method = PROJECTIONS[pane.method]
    return method.steps if method.knob and method.kind == "alone" else ()


def turned(pane: Pane, value: int) -> Pane:
    """The same pane with its knob at this value."""
    from analysis.projections import PROJECTIONS

    method = PROJECTIONS[pane.method]
    others = [(n, v) for n, v in pane.params if n != method.knob]
    usual = method.bound()[method.knob]
    return replace(pane, params=tuple(sorted([*others, *([] if value == usual else [(method.knob, str(value))])])))


def _strip(subject: Subject, place: int, found: Here, coloured: Coloured) -> None:
    from analysis.projections import PROJECTIONS

    laid = subject.panes[place]
    knob = PROJECTIONS[laid.pane.method].knob.replace("_", " ")
    each = [(value, turned(laid.pane, value)) for value in steps(laid.pane)]
    missing: list[Pane] = []
    for column, (value, pane) in zip(st.columns(len(each), gap="small"), each, strict=True):
        with column:
            if not _one(subject, place, found, coloured, (value, pane), knob):
                missing.append(pane)
    _rest(found, missing)


def _one(subject: Subject, place: int, found: Here, coloured: Coloured, each: tuple[int, Pane], knob: str) -> bool:
    """One picture with its button; whether it is there, or cannot be."""
    value, pane = each
    shown = subject.panes[place].pane
    st.button(
        f"{knob} {value}", key=f"embeddings.strip.{place}.{value}", width="stretch", on_click=guarded(_take),
        args=(subject.panes, place, pane), disabled=pane == shown, help="What is on show" if pane == shown else None,
    )  # fmt: skip
    try:
        embedding = stored(found, pane, [pane])
        if embedding is None:
            view = jobs.find(jobs.EMBED, jobs.arguments(found.dataset, pane, [pane]))
            if view is not None and view.state == "failed":
                st.caption(plain(view.message))
                return True
            active = view is not None and view.active
            st.caption("in work or waiting for its turn" if active else "not computed yet")
            return False
        lit = lit_of(subject)
        key = digest(of=embedding.embedding_id, colour=_stamp(coloured), lit="" if lit is None else lit.tobytes().hex())
        picture = _drawn().made(key, lambda: small.png(points_of(embedding), rgb(coloured), lit))
        st.image(picture, width="stretch", alt=f"{said.method(pane.method)} with {knob} {value}")
        if embedding.quality is not None:
            st.caption(f"trust {embedding.quality.trustworthiness:.2f} · overlap {embedding.quality.overlap:.2f}")
    except CutawayError as error:
        st.caption(plain(str(error)))
    return True


def _stamp(coloured: Coloured) -> str:
    values = coloured.values if coloured.codes is None else coloured.codes
    assert values is not None
    return digest(values=np.ascontiguousarray(values).tobytes().hex(), palette=list(coloured.palette))


def rgb(coloured: Coloured) -> np.ndarray:
    """(N, 3) uint8 as the panes draw them."""
    stops = embeddings_palette.rgb(coloured.palette).astype(np.float64)
    if coloured.codes is not None:
        return stops[np.minimum(coloured.codes, len(stops) - 1)].astype(np.uint8)
    assert coloured.values is not None
    share = np.clip((coloured.values - coloured.low) / (coloured.high - coloured.low), 0, 1) * (len(stops) - 1)
    known, at = np.isfinite(share), np.nan_to_num(share)
    mixed = np.stack([np.interp(at, np.arange(len(stops)), stops[:, channel]) for channel in range(3)], axis=1)
    return np.where(known[:, None], mixed, 143).astype(np.uint8)


def _rest(found: Here, missing: Sequence[Pane]) -> None:
    """The way to compute those that are not there, each a job of its own."""
    if not missing:
        return
    views = [jobs.running(found.dataset, Laid(pane), [pane]) for pane in missing]
    if keys := [view.key for view in views if view is not None]:
        watch(resources.jobs(), keys, _cancel)
    else:
        label = f"Compute the {len(missing)} that are missing"
        st.button(
            label, icon=":material/play_arrow:", key="embeddings.strip.compute", on_click=guarded(_start),
            args=(found, tuple(missing)),
        )  # fmt: skip


def _start(found: Here, missing: tuple[Pane, ...]) -> None:
    for pane in missing:
        jobs.start(found.dataset, pane, [pane])


def _cancel(key: str) -> None:
    resources.work().cancel(key)


def _take(panes: Sequence[Laid], place: int, pane: Pane) -> None:
    wanted: list[Any] = [laid.pane for laid in panes]
    wanted[place] = pane
    PAGE.change(panes=tuple(wanted))
