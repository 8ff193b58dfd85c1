"""Under each pane, in one line: how far it can be believed, and a warning in words where it misleads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import streamlit as st

from analysis.embeddings import Embedding, Quality
from app import words
from app.boundary import guarded, plain
from app.embeddings_choice import Laid
from app.widgets.embeddings import about, jobs

Colour = Literal["green", "orange", "red", "gray"]
MEASURES = {
    "trustworthiness": ("trust", "Share of the {k} neighbours in the picture that are neighbours in the features, too, "
                        "those that come from far away counting more (trustworthiness, Venna and Kaski 2001)."),
    "continuity": ("continuity", "The same the other way round: whether the {k} nearest in the features stay together "
                   "in the picture."),
    "overlap": ("overlap", "Mean share of the {k} nearest that features and picture have in common. It falls with "
                "crowding: 0.3 is usual for large clouds."),
    "shepard": ("distances", "Spearman's correlation of distances in the features and in the picture (Shepard). Low: "
                "do not read gaps and sizes of groups."),
}  # fmt: skip
BOUNDS = {
    "trustworthiness": (0.95, 0.85),
    "continuity": (0.95, 0.85),
    "overlap": (0.7, 0.4),
    "shepard": (0.8, 0.5),
    "stability": (0.15, 0.5),
    "placement": (0.15, 0.5),
}
"""From where on a number is good, and from where on it is poor."""


def section(place: int, laid: Laid) -> None:
    """The lines of one pane."""
    embedding = laid.embedding
    if embedding is None:
        return
    with st.container(key=f"embeddings-pane-below-{place}"):
        with st.container(horizontal=True, vertical_alignment="center", key=f"embeddings-chips-{place}"):
            st.caption(f"**{place + 1}**", width="content", help="  \n".join(about.lines(laid)))
            if embedding.quality is None:
                _waiting(embedding)
                return
            for label, colour, help_ in chips(embedding.quality):
                st.badge(label, color=colour, help=help_)
            _steadiness(place, embedding)
        _warnings(place, embedding.quality)


def chips(found: Quality) -> Iterator[tuple[str, Colour, str]]:
    """Label, colour and meaning of each number that is defined."""
    for name, (label, meaning) in MEASURES.items():
        value = getattr(found, name)
        of = f" Measured on {words.plural(found.samples, 'sample')}."
        if value == value:
            yield f"{label} {value:.2f}", rated(name, value), meaning.format(k=found.k) + of
    if found.stability == found.stability:
        yield (
            f"seeds ±{found.stability:.2f}",
            rated("stability", found.stability),
            f"Median way of a sample over {words.plural(found.seeds, 'further seed')}, after turning each picture onto "
            "this one, in its radius. Large: another seed shows another arrangement.",
        )
    if found.placement == found.placement:
        yield (
            f"placing ±{found.placement:.2f}",
            rated("placement", found.placement),
            "Median way of samples that were left out and placed again as an upload would be, in the picture's radius.",
        )


def rated(name: str, value: float) -> Colour:
    good, poor = BOUNDS[name]
    if good > poor:
        return "green" if value >= good else "red" if value < poor else "orange"
    return "green" if value <= good else "red" if value > poor else "orange"


def _warnings(place: int, found: Quality) -> None:
    """The first in words, as far as the line goes; all of them at a touch."""
    if not found.notes:
        return
    first, *others = (plain(note) for note in found.notes)
    more = f" (+{len(others)})" if others else ""
    with st.container(key=f"embeddings-caution-{place}"):
        st.caption(
            f":orange[:material/warning:] {first}{more}", help="\n".join(f"- {plain(note)}" for note in found.notes)
        )


def _steadiness(place: int, embedding: Embedding) -> None:
    """How steady the picture is takes laying it out again: said, or offered, where it is not known."""
    if not jobs.unsteady(embedding):
        return
    view = jobs.steadied(embedding)
    if view is not None and view.active:
        st.caption(":material/hourglass_top: other seeds …", width="content", help="It is laid out with other seeds.")
        return
    if view is not None and view.state == "failed":
        st.caption("Other seeds could not be tried.", width="content", help=plain(view.message))
    st.button(
        "Other seeds", type="tertiary", icon=":material/replay:", key=f"embeddings.steady.{place}",
        on_click=guarded(jobs.steady), args=(embedding,),
        help="Lay it out again with two other seeds, and with some samples left out: how far do samples move?",
    )  # fmt: skip


def _waiting(embedding: Embedding) -> None:
    view = jobs.judged(embedding)
    if view is not None and view.state == "failed":
        st.caption("Its quality could not be measured.", width="content", help=plain(view.message))
    elif view is not None and view.state == "cancelled":
        st.caption("Its quality was not measured: that was cancelled.", width="content")
    else:
        st.caption(":material/hourglass_top: Measuring how far it can be believed …", width="content")
