"""Work that panes wait for: laying out, and measuring how far a picture can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from analysis.embeddings import Embedding
from analysis.records import DatasetRecord
from analysis.store import digest
from app import resources
from app.boundary import guarded, plain
from app.embeddings_choice import Laid, Pane
from app.widgets.embeddings import said
from app.widgets.embeddings.panes_data import asking
from app.widgets.progress import watch
from models.errors import CutawayError

if TYPE_CHECKING:
    from analysis.pipelines.job_view import JobView

EMBED, ASSESS = "embed", "assess"


def arguments(dataset: DatasetRecord, pane: Pane, panes: Sequence[Pane]) -> dict[str, Any]:
    """Of the job that lays out a pane; its errors say what cannot be asked."""
    from analysis.pipelines import embedding

    return embedding.asked(resources.store(), resources.settings().workspace, **asking(dataset, pane, panes))


def title(pane: Pane, dataset: DatasetRecord) -> str:
    return f"{said.method(pane.method)} of {pane.model} over {dataset.name}"


def start(dataset: DatasetRecord, pane: Pane, panes: Sequence[Pane]) -> None:
    """Submit the job, or join the one that is under way. In a callback."""
    resources.work().submit(EMBED, arguments(dataset, pane, panes), title(pane, dataset))


def judge(embedding: Embedding) -> None:
    """Measure its quality in the background, once: who cancels that, or sees it fail, is not asked again."""
    from analysis.pipelines import embedding_quality

    if embedding.quality is not None:
        return
    given = embedding_quality.asked(embedding)
    if find(ASSESS, given) is None:
        resources.work().submit(ASSESS, given, f"Quality of {said.method(embedding.method)} of {embedding.model_name}")


def judged(embedding: Embedding) -> JobView | None:
    """The job that measures it."""
    from analysis.pipelines import embedding_quality

    return find(ASSESS, embedding_quality.asked(embedding))


def find(kind: str, given: dict[str, Any]) -> JobView | None:
    key = digest(kind=kind, arguments=given)
    return next((view for view in resources.work().jobs() if view.key == key), None)


def missing(place: int, laid: Laid, dataset: DatasetRecord, panes: Sequence[Pane], height: int) -> None:
    """In the place of a pane that is not there: its progress, or why not and what to do."""
    with st.container(border=True, height=height, key=f"embeddings-panel-missing-{place}"):
        st.markdown(f"**{place + 1} · {plain(said.pane(laid.pane))}**")
        if laid.why:
            st.warning(plain(laid.why), icon=":material/info:")
            return
        try:
            given = arguments(dataset, laid.pane, panes)
        except CutawayError as error:
            st.warning(plain(str(error)), icon=":material/info:")
            return
        view = find(EMBED, given)
        if view is not None and view.active:
            st.caption("The rest of the page can be used meanwhile.")
            watch(resources.jobs(), [view.key], _cancel)
            return
        _offer(place, laid, dataset, panes, view)


def _offer(place: int, laid: Laid, dataset: DatasetRecord, panes: Sequence[Pane], view: JobView | None) -> None:
    """What stands in the way, and the button that goes about it."""
    label = said.method(laid.pane.method)
    if view is not None and view.state == "failed":
        st.error(plain(view.message), icon=":material/info:")
        st.caption("Change what the pane shows, or try again.")
        do = "Try again"
    elif laid.source is None:
        where = f"{said.tap(laid.pane.tap)} under '{said.condition(laid.pane.condition)}'"
        st.markdown(
            f"{plain(laid.pane.model)} has not been run over these {dataset.size:,} images with its {plain(where)} kept. "
            f"That takes one pass over the images; then {plain(label)} lays them out."
        )
        do = f"Run it, then {label}"
    else:
        st.markdown(f"{plain(label)} of these features is not computed yet.")
        do = f"Compute {label}"
    st.button(
        do, type="primary", icon=":material/play_arrow:", key=f"embeddings.start.{place}", on_click=guarded(start),
        args=(dataset, laid.pane, tuple(panes)),
    )  # fmt: skip


def _cancel(key: str) -> None:
    resources.work().cancel(key)
