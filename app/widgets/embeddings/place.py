"""A picture of the user's own in every pane: where it lands, how it is placed, what it is taken for, what is near."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from analysis.types import Picture
from app import frame
from app.boundary import guarded, plain
from app.embeddings_choice import Laid, Subject
from app.figures.pictures import thumbnail
from app.figures.tiles import name_of, percent
from app.widgets.embeddings import at_hand, explore, uploaded
from app.widgets.embeddings.numbers import told
from app.widgets.embeddings.small import small
from app.widgets.progress import watch

if TYPE_CHECKING:
    from analysis.pipelines.embedding_upload import Placed

KEY = "embeddings.place"
NEAR = 5
THUMB_PX = 72
ROUNDING = 1e-6
HOW = {
    "transform": "Placed by {method}'s own map: exactly where it would lie.",
    "neighbours": "{method} has no map for new images: it lies between its {k} nearest samples in the features.",
}
KINDS = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif"]


def section(subject: Subject) -> None:
    """The uploader; then each picture with what each pane says of it."""
    turn = st.session_state.setdefault(uploaded.ROUND, 0)
    st.file_uploader(
        "Place images", KINDS, accept_multiple_files=True, key=f"{uploaded.MINE}.{turn}",
        on_change=guarded(uploaded.taken), args=(turn,), label_visibility="collapsed",
        help=f"Up to {uploaded.MOST}. They stay on this machine.",
    )  # fmt: skip
    if refused := st.session_state.get(uploaded.REFUSED):
        st.warning("  \n".join(plain(text) for text in refused), icon=":material/image_not_supported:")
    given = uploaded.pictures()
    if not given:
        st.caption("Upload an image: it drops into every pane, with its nearest samples and what each model says.")
        at_hand.section(subject, f"{KEY}.hand")
        return
    progress(subject)
    for place, laid in enumerate(subject.panes):
        _why(subject, place, laid)
    for number, picture in enumerate(given):
        with st.container(border=True):
            _one(subject, number, picture)
    st.button("Remove all", icon=":material/delete:", key=f"{KEY}.all", on_click=guarded(uploaded.removed))


def progress(subject: Subject) -> None:
    """Work that is under way; the page is drawn anew when it ends."""
    for found in uploaded.waiting(subject)[:1]:
        if found.engine is not None and found.job is not None:
            watch(found.engine, [found.job.key])


def _why(subject: Subject, place: int, laid: Laid) -> None:
    """Why a pane does not show them."""
    why = uploaded.outcome(laid).why
    if not why:
        return
    st.warning(f"{plain(explore.pane_name(subject, place))}: {plain(why)}", icon=":material/info:")
    if laid.embedding is not None:
        st.button("Try again", key=f"{KEY}.again.{place}", on_click=guarded(uploaded.again), args=(laid,))


def _one(subject: Subject, number: int, picture: Picture) -> None:
    left, middle, right = st.columns([2, 6, 1], vertical_alignment="center")
    left.html(
        f'<img src="{thumbnail(picture.pixels, THUMB_PX)}" alt="" width="{THUMB_PX}" style="border-radius:6px;'
        'max-width:100%">'
    )
    with middle:
        st.markdown(f"**{plain(picture.name)}**")
        frame.link("explain", "Explain", ":material/visibility:", picture=picture.digest)
    right.button(
        "", icon=":material/close:", type="tertiary", key=f"{KEY}.remove.{picture.digest[:8]}", help="Remove it",
        on_click=guarded(uploaded.removed), args=(picture.digest,),
    )  # fmt: skip
    for place, laid in enumerate(subject.panes):
        placed = uploaded.outcome(laid).placed
        if placed is not None and number < len(placed.points):
            _in_pane(subject, place, laid, number, placed)


def _in_pane(subject: Subject, place: int, laid: Laid, number: int, placed: Placed) -> None:
    """What one pane says of one picture."""
    assert laid.embedding is not None
    said = " · ".join(f"{plain(p.name)} {percent(p.probability)}" for p in placed.predictions[number][:3])
    st.markdown(f":primary-badge[{plain(explore.pane_name(subject, place))}] {said}")
    st.caption(how(laid, placed, number))
    if placed.neighbours is None:
        return
    ids, distances = placed.neighbours.indices[number][:NEAR], placed.neighbours.distances[number][:NEAR]
    small(
        subject, ids.tolist(), f"{KEY}.near.{place}.{number}", "Nearest samples", explore.pick,
        notes=[away(d) for d in distances], record=laid.record,
    )  # fmt: skip
    st.caption(around(subject, placed.neighbours.indices[number]))


def how(laid: Laid, placed: Placed, number: int) -> str:
    """Where it lies and how it came there, in words."""
    from analysis.projections.placing import K
    from app.widgets.embeddings import said

    point = uploaded.drawn_points(laid, placed.points)[number]
    method = said.method(laid.pane.method)
    if not np.isfinite(point).all():
        return "It has no place in this picture: its features are not finite."
    where = ", ".join(f"{v:.3g}" for v in point)
    words = HOW[placed.how].format(method=method, k=K)
    return plain(" ".join([f"At ({where}).", words, *placed.remarks]))


def away(distance: float) -> str:
    """`0.00105`; what is rounding, as of a sample from itself, is 0."""
    return f"{distance:#.3g}" if distance > ROUNDING else "0"


def around(subject: Subject, samples: np.ndarray) -> str:
    """Which class most of the nearest samples are of."""
    labels = told(subject.dataset, None).labels[samples]
    known = labels[labels >= 0]
    if not len(known):
        return f"Its {len(samples)} nearest samples have no labels"
    counts = np.bincount(known)
    name = name_of(int(counts.argmax()), subject.dataset.class_names)
    return f"{int(counts.max())} of its {len(samples)} nearest samples are {plain(name)}"
