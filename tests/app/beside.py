"""A page with nothing but what stands beside the panes, over a made-up workspace."""

from __future__ import annotations

import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.errors import UnknownSelection
from analysis.pipelines import embedding
from app import linked, resources
from app.boundary import boundary, failed
from app.embeddings_choice import PAGE, Laid, Pane, Subject

SCRIPT = """
import streamlit as st
from tests.app.beside import page

shown = st.Page(page, title="Embeddings", url_path="embeddings", default=True)
st.navigation([shown], position="hidden").run()
"""


def subject() -> Subject:
    """A pane with PCA for each model."""
    store, workspace, choice = resources.store(), resources.settings().workspace, PAGE.current()
    dataset = store.datasets()[0]
    records = {p.pass_id: p for p in store.passes(dataset.dataset_id)}
    laid = []
    for source in embedding.sources(store, workspace, dataset.dataset_id):
        found = embedding.quick(store, workspace, source, "pca")
        pane = Pane(source.model_name, source.tap, source.condition)
        points = store.embeddings.points(found.embedding_id)
        laid.append(Laid(pane, source, found, points, record=records[source.pass_id]))
    try:
        selected, words = (
            linked.kept(dataset.dataset_id, choice.selection) if choice.selection else linked.held(dataset.dataset_id)
        )
    except UnknownSelection:
        selected, words = None, ""
    return Subject(choice, dataset, tuple(laid), None, selected, words)


def page() -> None:
    """As the page does it: the sections in a column."""
    from app.widgets.embeddings import downloads, right

    with boundary():
        failed()
        shown = subject()
        left, beside = st.columns([68, 32])
        with left:
            st.markdown(f"selected: {None if shown.selected is None else len(shown.selected)} {shown.words}")
            downloads.popover(shown)
        with beside, st.container(border=True, height=660, key="embeddings-panel"):
            PAGE.keep(right.section(shown))


def closed() -> None:
    """Let go of the workspace."""
    resources.closing().close()
    st.cache_resource.clear()


def drawn(at: AppTest) -> AppTest:
    """Without any error."""
    at.run()
    assert not at.exception
    assert not at.error, [e.value for e in at.error]
    return at


def said(at: AppTest) -> list[str]:
    """What stands on the page as text."""
    return [m.value for m in at.markdown]
