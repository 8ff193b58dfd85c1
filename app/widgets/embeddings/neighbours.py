"""Which samples are nearest in the features of each pane: to the picked sample, or to an image of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import streamlit as st

from analysis.embeddings import Source
from app import resources
from app.boundary import boundary, guarded, plain
from app.embeddings_choice import Laid, Subject
from app.figures.tiles import name_of
from app.recent import Recent
from app.widgets.embeddings import explore, images, place, uploaded
from app.widgets.embeddings.numbers import told
from app.widgets.embeddings.small import small

if TYPE_CHECKING:
    from analysis.pipelines.embedding_neighbours import Near

KEY = "embeddings.neighbours"
METRICS = {"cosine": "Cosine", "euclidean": "Euclidean"}
COUNTS = (5, 10, 20, 50, 100)
SHOWN = 50
KEPT = 128
SAMPLE = "sample"


@st.cache_resource(show_spinner=False)
def _found() -> Recent[tuple, Near]:
    return Recent(KEPT)


def section(subject: Subject) -> None:
    """Of what, by which distance, how many; then a row of pictures for each pane's features."""
    of = _of(subject)
    if not of:
        st.info("Click a point in a pane, or an image in the gallery, to see what is nearest to it.")
        return
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    metric = left.segmented_control(
        "Distance", METRICS, default="cosine", format_func=METRICS.__getitem__, key=f"{KEY}.metric", required=True
    )
    k = int(right.selectbox("How many", COUNTS, 1, key=f"{KEY}.k") or COUNTS[1])
    if of == SAMPLE and subject.choice.sample is not None:
        images.picked(subject, subject.choice.sample)
    elif of != SAMPLE:
        place.progress(subject)
    seen = set()
    for number, laid in enumerate(subject.panes):
        source = laid.source
        if source is None or (source.pass_id, source.tap) in seen:
            continue
        seen.add((source.pass_id, source.tap))
        with st.container(border=True), boundary():
            _pane(subject, number, laid, source, of, cast("Literal['cosine', 'euclidean']", metric), k)


def _of(subject: Subject) -> str:
    """The picked sample, or one of the user's pictures by its digest; empty where there is neither."""
    words = {p.digest: p.name for p in uploaded.pictures()}
    sample = subject.choice.sample
    if sample is not None and 0 <= sample < subject.dataset.size:
        words = {SAMPLE: f"sample {sample:,}"} | words
    if len(words) < 2:
        return next(iter(words), "")
    key = f"{KEY}.of"
    if st.session_state.get(key) not in words:
        st.session_state.pop(key, None)
    return st.selectbox("Neighbours of", words, format_func=words.__getitem__, key=key) or SAMPLE


def _pane(
    subject: Subject, number: int, laid: Laid, source: Source, of: str, metric: Literal["cosine", "euclidean"], k: int
) -> None:
    """The nearest in the features of one pane."""
    near = _near(subject, laid, source, of, metric, k)
    if near is None:
        st.caption(f"{plain(explore.pane_name(subject, number))}: the image is still being read.")
        return
    ids, distances = near.indices[0], near.distances[0]
    st.markdown(f":primary-badge[{plain(explore.pane_name(subject, number))}] {agreement(subject, of, ids)}")
    small(
        subject, ids[:SHOWN].tolist(), f"{KEY}.near.{number}", "Nearest samples", explore.pick,
        notes=[f"{d:#.3g}" for d in distances[:SHOWN]], record=laid.record,
    )  # fmt: skip
    words = f"nearest {len(ids)} to {_named(subject, of)} in {source.model_name}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Select these", icon=":material/select_check_box:", key=f"{KEY}.select.{number}",
            on_click=guarded(explore.select), args=(subject, _with(ids, subject, of), words),
        )  # fmt: skip
        explore.saving(subject, _with(ids, subject, of), words, f"{KEY}.save.{number}")
    what = "Cosine distance, 0 to 2" if metric == "cosine" else "Euclidean distance"
    st.caption(f"{what}, in {source.width:,} features; exact among {source.samples:,} samples.")


def _near(
    subject: Subject, laid: Laid, source: Source, of: str, metric: Literal["cosine", "euclidean"], k: int
) -> Near | None:
    """Kept in memory; None while the features of an image are not there."""
    from analysis.pipelines.embedding_neighbours import neighbours

    query: int | np.ndarray
    if of == SAMPLE:
        query = int(subject.choice.sample or 0)
    else:
        placed, given = uploaded.outcome(laid).placed, [p.digest for p in uploaded.pictures()]
        if placed is None or of not in given:
            return None
        query = placed.features[given.index(of)]
    key = (source.pass_id, source.tap, of, query if of == SAMPLE else 0, metric, k)
    store, workspace = resources.store(), resources.settings().workspace
    return _found().made(key, lambda: neighbours(store, workspace, source, query, k, metric))


def agreement(subject: Subject, of: str, samples: np.ndarray) -> str:
    """How many of them share the class of the sample, or which class most of them are of."""
    labels = told(subject.dataset, None).labels
    own = int(labels[subject.choice.sample or 0]) if of == SAMPLE else -1
    if own < 0:
        return place.around(subject, samples)
    same = int(np.sum(labels[samples] == own))
    return f"{same} of {len(samples)} share its class, {plain(name_of(own, subject.dataset.class_names))}"


def _named(subject: Subject, of: str) -> str:
    if of == SAMPLE:
        return f"sample {subject.choice.sample:,}"
    return next((p.name for p in uploaded.pictures() if p.digest == of), "an image")


def _with(samples: np.ndarray, subject: Subject, of: str) -> np.ndarray:
    """With the sample itself."""
    own = [subject.choice.sample] if of == SAMPLE and subject.choice.sample is not None else []
    return np.unique(np.concatenate([samples, np.asarray(own, np.int64)])).astype(np.int32)
