"""Where there is nothing to lay out yet: what is missing, and one button that gets it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analysis.engine.jobs import Job
from analysis.records import DatasetRecord
from app import frame, resources, words
from app.boundary import guarded, plain
from app.embeddings_choice import PAGE, Choice, Pane
from app.widgets.embeddings import jobs, said
from app.widgets.embeddings import usual as usual_panes
from app.widgets.embeddings.panes_data import Here
from app.widgets.progress import watch

GENERATE = "generate"
FIRST = "pca"
LAYS_OUT = "This page lays out what a network reads from images."


def usual(records: Sequence[DatasetRecord]) -> DatasetRecord:
    """The images of the latest picture, else of the latest pass, else the latest."""
    store, known = resources.store(), {r.dataset_id: r for r in records}
    made = [*(e.dataset_id for e in store.embeddings.all()), *(p.dataset_id for p in store.passes())]
    return next((known[i] for i in made if i in known), records[0])


def nothing(taking: Job[None] | None, page: str = LAYS_OUT) -> None:
    """There are no images at all. page: what the page would do with them."""
    if _waits(taking):
        return
    st.markdown("#### There are no images in this workspace yet")
    st.markdown(f"{page} Import some, or begin with generated ones.")
    active = [v.key for v in resources.work().jobs() if v.active and v.kind == GENERATE]
    if active:
        watch(resources.jobs(), active, _cancel)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Generate 1,000 images of shapes", type="primary", icon=":material/auto_awesome:",
            key="embeddings.generate", on_click=guarded(_generate),
        )  # fmt: skip
        frame.link("workspace", "Import images on the Workspace page", ":material/database:", tab="datasets")


def _waits(taking: Job[None] | None) -> bool:
    """While what comes with Cutaway is being taken in, that is what is seen."""
    if taking is None or not taking.active:
        return False
    watch(resources.loading(), [taking.key], stoppable=False)
    st.skeleton(height=560)
    return True


def filling(choice: Choice, found: Here, taking: Job[None] | None) -> bool:
    """Whether what comes with Cutaway is still being put in here: what is drawn now would miss the best of it."""
    bundled = found.dataset.kind == "generated" and not any(e.method == usual_panes.BEST for e in found.embeddings)
    return bundled and not choice.panes and _waits(taking)


def _generate() -> None:
    from analysis.pipelines import bundling

    resources.work().submit(GENERATE, bundling.shapes_test(), "Generating the images of the Shapes sweep")


def section(dataset: DatasetRecord, taking: Job[None] | None) -> None:
    """There are images, but no model's features of them."""
    if _waits(taking):
        return
    st.markdown(f"#### No model's features of {plain(dataset.name)} are kept yet")
    st.markdown(
        "A model is run over the images once, the features that its last layer reads are kept, and PCA lays them out. "
        "Other methods, layers and models can then be put beside it."
    )
    if (starting := resources.engine()) is not None:
        watch(resources.loading(), [starting.key], stoppable=False)
        return
    names = models(dataset)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Model", names, key=f"embeddings.offer.{dataset.dataset_id[:8]}", width=320)
        st.button(
            f"Run it over {words.plural(dataset.size, 'image')}", type="primary", icon=":material/play_arrow:",
            key="embeddings.offer.do", on_click=guarded(_run), args=(dataset, chosen),
        )  # fmt: skip


def models(dataset: DatasetRecord) -> list[str]:
    """Those that share most class names with the images first, each before its variants."""
    from analysis.pipelines.variants import members

    theirs = {name.casefold() for name in dataset.class_names}
    found = [m for m in members(resources.store(), resources.settings().imported_models) if not m.damaged]
    shared = {m.name: len(theirs.intersection(map(str.casefold, m.class_names))) for m in found}
    return [m.name for m in sorted(found, key=lambda m: (-shared[m.name], bool(m.parent)))]


def _run(dataset: DatasetRecord, model: str) -> None:
    pane = Pane(model, method=FIRST)
    jobs.start(dataset, pane, (pane,))
    PAGE.change(panes=(pane,))
    st.toast(f"{said.method(FIRST)} of {model} is on its way.", icon=":material/schedule:")


def _cancel(key: str) -> None:
    resources.work().cancel(key)
