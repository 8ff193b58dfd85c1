"""Work that panes wait for: laying out, and measuring how far a picture can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from analysis.embeddings import Embedding
from analysis.records import DatasetRecord
from analysis.store import digest
from app import resources
from app.boundary import guarded
from app.embeddings_choice import Laid, Pane
from app.widgets.embeddings import said
from app.widgets.embeddings.panes_data import asking
from app.widgets.progress import watch
from models.errors import CutawayError

if TYPE_CHECKING:
    from analysis.pipelines.job_view import JobView

EMBED, ASSESS, CLUSTER = "embed", "assess", "cluster"
UNASKED = 2000
"""Samples up to which a picture is laid out again to see how steady it is, without being asked."""


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
    """Measure its quality in the background, once: who cancels that, or sees it fail, is not asked again.

    First what takes a second; then, of few samples and while nobody waits, how steady the picture is.
    """
    if embedding.quality is None:
        if judged(embedding) is None:
            _judge(embedding, first_look(embedding), "Quality")
    elif unsteady(embedding) and embedding.samples <= UNASKED and not _busy() and steadied(embedding) is None:
        steady(embedding)


def steady(embedding: Embedding) -> None:
    """Lay it out with other seeds and with samples left out: how far they move."""
    _judge(embedding, second_look(embedding), "Steadiness")


def unsteady(embedding: Embedding) -> bool:
    """Whether it could be laid out again, and was not."""
    from analysis.projections import PROJECTIONS

    method = PROJECTIONS[embedding.method]
    return embedding.quality is not None and not embedding.quality.seeds and method.seeded and method.kind == "alone"


def judged(embedding: Embedding) -> JobView | None:
    """The job that measures it."""
    return find(ASSESS, first_look(embedding))


def steadied(embedding: Embedding) -> JobView | None:
    """The job that lays it out again."""
    return find(ASSESS, second_look(embedding))


def first_look(embedding: Embedding) -> dict[str, Any]:
    from analysis.pipelines import embedding_quality
    from analysis.projections import PROJECTIONS

    return embedding_quality.asked(embedding, seeds=0, placement=PROJECTIONS[embedding.method].quick)


def second_look(embedding: Embedding) -> dict[str, Any]:
    from analysis.pipelines import embedding_quality

    return embedding_quality.asked(embedding, seeds=embedding_quality.SEEDS, placement=True)


def _judge(embedding: Embedding, given: dict[str, Any], what: str) -> None:
    resources.work().submit(ASSESS, given, f"{what} of {said.method(embedding.method)} of {embedding.model_name}")


def _busy() -> bool:
    return any(view.active and view.kind in (EMBED, ASSESS, CLUSTER) for view in resources.work().jobs())


def find(kind: str, given: dict[str, Any]) -> JobView | None:
    key = digest(kind=kind, arguments=given)
    return next((view for view in resources.work().jobs() if view.key == key), None)


def under(place: int, laid: Laid, dataset: DatasetRecord, panes: Sequence[Pane]) -> None:
    """Below a pane that is not there: its progress with a way to stop it, or what to do about it."""
    if laid.why:
        return
    if (starting := resources.engine()) is not None:
        watch(resources.loading(), [starting.key], stoppable=False)
        return
    try:
        view = find(EMBED, arguments(dataset, laid.pane, panes))
    except CutawayError:
        return
    if view is not None and view.active:
        watch(resources.jobs(), [view.key], _cancel)
        return
    label = said.method(laid.pane.method)
    failed = view is not None and view.state == "failed"
    do = "Try again" if failed else f"Compute {label}" if laid.source else f"Run {laid.pane.model}, then {label}"
    st.button(
        do, type="primary", icon=":material/play_arrow:", key=f"embeddings.start.{place}", on_click=guarded(start),
        args=(dataset, laid.pane, tuple(panes)),
    )  # fmt: skip


def running(dataset: DatasetRecord, laid: Laid, panes: Sequence[Pane]) -> JobView | None:
    """The job that lays out a pane, while there is one."""
    if laid.why or resources.engine() is not None:
        return None
    try:
        view = find(EMBED, arguments(dataset, laid.pane, panes))
    except CutawayError:
        return None
    return view if view is not None and view.active else None


def why(laid: Laid, dataset: DatasetRecord, panes: Sequence[Pane]) -> str:
    """In the place of a pane that is not there: why, in a sentence or two."""
    if laid.why:
        return laid.why
    if resources.engine() is not None:
        return "Looking up what is there …"
    try:
        view = find(EMBED, arguments(dataset, laid.pane, panes))
    except CutawayError as error:
        return str(error)
    label = said.method(laid.pane.method)
    if view is not None and view.active:
        return f"{label} of {laid.pane.model} is being computed. The rest of the page can be used meanwhile."
    if view is not None and view.state == "failed":
        return f"{view.message} Change what the pane shows, or try again."
    if laid.source is None:
        return (
            f"{laid.pane.model} has not been run over these {dataset.size:,} images with its {said.tap(laid.pane.tap)} "
            f"kept ({said.condition(laid.pane.condition)}). It takes one pass over them; then {label} lays them out."
        )
    return f"{label} of these features is not computed yet."


def _cancel(key: str) -> None:
    resources.work().cancel(key)
