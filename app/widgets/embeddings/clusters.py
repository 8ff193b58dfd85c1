"""Groups among the samples of a pane: found by a job, described by their classes, kept as selections."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import streamlit as st

from analysis.embeddings import Clustering, Described, Embedding
from app import resources
from app.boundary import boundary, guarded, plain
from app.embeddings_choice import PAGE, Laid, Subject
from app.figures.tiles import name_of, percent
from app.widgets.embeddings import explore, jobs
from app.widgets.embeddings.small import small
from app.widgets.knobs import knobs
from app.widgets.progress import watch
from app.words import plural, seconds

Space = Literal["features", "picture"]
KEY = "embeddings.clusters"
KIND = "cluster"
SPACES: dict[Space, str] = {"features": "in the features", "picture": "in the picture"}
CARDS = 6
EXEMPLARS, NAMED = 5, 3


def section(subject: Subject) -> None:
    """Which pane and how; the groups that were found before; one of them with its cards."""
    panes = explore.panes_with(subject, lambda laid: laid.embedding)
    if not panes:
        st.info("No pane has a picture yet.", icon=":material/scatter_plot:")
        return
    key = f"{KEY}.pane"
    if st.session_state.get(key) not in panes:
        st.session_state.pop(key, None)
    place = next(iter(panes))
    if len(panes) > 1:
        place = int(st.selectbox("Pane", panes, format_func=panes.__getitem__, key=key) or place)
    laid = subject.panes[place]
    assert laid.embedding is not None
    found = resources.store().embeddings.clusterings(laid.embedding.embedding_id)
    with st.expander("Find clusters", expanded=not found, icon=":material/bubble_chart:"), boundary():
        _asking(laid.embedding, place)
    shown = _shown(found, subject)
    if shown is None:
        st.caption(
            "Clusters are found by a job, and described by the classes that are more frequent in them than elsewhere, "
            "by how pure they are, and by the samples nearest to their middle."
        )
        return
    _one(subject, laid, shown)


def _asking(embedding: Embedding, place: int) -> None:
    """The method with its parameters, the work under way, and why it failed."""
    from analysis.pipelines import embedding_clusters
    from analysis.projections.clusters import CLUSTERINGS

    names = [known.name for known in CLUSTERINGS]
    left, right = st.columns(2)
    method = left.selectbox("Method", names, format_func=lambda n: CLUSTERINGS[n].label, key=f"{KEY}.method")
    space = right.selectbox("Where", SPACES, format_func=SPACES.__getitem__, key=f"{KEY}.space")
    chosen = CLUSTERINGS[method or names[0]]
    params = knobs(chosen, {}, f"clusters.{place}", PAGE.start, columns=2)
    asked = embedding_clusters.asked(embedding, method=chosen.name, params=dict(params), space=space or "features")
    view = jobs.find(KIND, asked)
    if view is not None and view.active:
        watch(resources.jobs(), [view.key], _cancel)
        return
    title = f"{chosen.label} of {embedding.model_name} {SPACES[space or 'features']}"
    known = resources.store().embeddings.clustering(str(asked["clustering_id"])) is not None
    st.button(
        "These are found already" if known else "Find clusters", type="primary", icon=":material/play_arrow:",
        key=f"{KEY}.start", disabled=known, on_click=guarded(_start), args=(asked, title),
    )  # fmt: skip
    if view is not None and view.state == "failed":
        st.warning(plain(view.message), icon=":material/info:")
    st.caption(plain(f"{chosen.note.reads} {chosen.note.fails} {chosen.note.paper}."))


def _cancel(key: str) -> None:
    resources.work().cancel(key)


def _start(asked: dict[str, Any], title: str) -> None:
    resources.work().submit(KIND, asked, title)
    st.session_state[f"{KEY}.wanted"] = asked["clustering_id"]


def _shown(found: list[Clustering], subject: Subject) -> Clustering | None:
    """The one that was asked for last, else the one that colours the points, else the latest."""
    if not found:
        return None
    words = {c.clustering_id: words_of(c) for c in found}
    wanted = st.session_state.pop(f"{KEY}.wanted", None)
    key = f"{KEY}.one"
    if wanted in words:
        st.session_state[key] = wanted
    elif wanted is not None:  # its job is not over yet
        st.session_state[f"{KEY}.wanted"] = wanted
    if st.session_state.get(key) not in words:
        st.session_state.pop(key, None)
    if len(found) < 2:
        return found[0]
    coloured = subject.choice.colour.removeprefix("cluster:")
    if key not in st.session_state and coloured in words:
        st.session_state[key] = coloured
    one = st.selectbox("Clusters", words, format_func=words.__getitem__, key=key, label_visibility="collapsed")
    return next((c for c in found if c.clustering_id == one), found[0])


def words_of(clustering: Clustering) -> str:
    """`12 clusters · HDBSCAN in the features · min cluster size 20`."""
    from analysis.projections.clusters import CLUSTERINGS

    known = clustering.method in CLUSTERINGS
    label = CLUSTERINGS[clustering.method].label if known else clustering.method
    own = CLUSTERINGS[clustering.method].bound() if known else {}
    params = [f"{n.replace('_', ' ')} {v}" for n, v in clustering.params.items() if own.get(n) != v]
    count = sum(c.cluster >= 0 for c in clustering.clusters)
    return " · ".join([plural(count, "cluster"), f"{label} {SPACES[clustering.space]}", *params])


def _one(subject: Subject, laid: Laid, clustering: Clustering) -> None:
    """What can be done with all groups; a card each."""
    colour = f"cluster:{clustering.clustering_id}"
    groups = [c for c in clustering.clusters if c.cluster >= 0]
    none = next((c for c in clustering.clusters if c.cluster < 0), None)
    left = f", {none.size:,} samples in none" if none is not None and none.size else ""
    st.markdown(f"**{plain(words_of(clustering))}**{left} · {seconds(clustering.seconds)}")
    for remark in clustering.remarks:
        st.caption(plain(remark))
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Colour by it", icon=":material/palette:", key=f"{KEY}.colour", disabled=subject.choice.colour == colour,
            on_click=guarded(PAGE.change), kwargs={"colour": colour},
        )  # fmt: skip
        with st.popover("Save all", icon=":material/bookmark_add:"):
            st.markdown(f"Save {plural(len(groups), 'cluster')} as {plural(len(groups), 'selection')}?")
            st.button(
                "Save them", type="primary", key=f"{KEY}.all", on_click=guarded(_save_all), args=(subject, clustering)
            )
        st.button(
            "Delete", icon=":material/delete:", type="tertiary", key=f"{KEY}.delete", on_click=guarded(_delete),
            args=(clustering, subject.choice.colour == colour),
        )  # fmt: skip
    cards = [*groups, *([none] if none is not None and none.size else [])]
    pages = -(-len(cards) // CARDS)
    key = f"{KEY}.page.{clustering.clustering_id[:8]}"
    page = min(int(st.session_state.get(key) or 1), max(pages, 1))
    for described in cards[(page - 1) * CARDS : page * CARDS]:
        with st.container(border=True):
            _card(subject, laid, clustering, described)
    if pages > 1:
        st.pagination(pages, key=key, max_visible_pages=7)


def name_of_group(subject: Subject, described: Described) -> str:
    """`Cluster 3, mostly cat`; `Cluster 4, mixed`."""
    if described.cluster < 0:
        return "In no cluster"
    what = f"Cluster {described.cluster + 1}"
    if not described.classes:
        return what
    index, count, _ = max(described.classes, key=lambda found: found[1])
    if count <= described.size / 2:
        return f"{what}, mixed"
    return f"{what}, {'all' if described.purity == 1 else 'mostly'} {name_of(index, subject.dataset.class_names)}"


def _card(subject: Subject, laid: Laid, clustering: Clustering, described: Described) -> None:
    """One group: how large, how pure, which classes, samples that stand for it."""
    title, key = name_of_group(subject, described), f"{KEY}.{described.cluster}"
    share = described.size / max(subject.dataset.size, 1)
    purity = f" · {percent(described.purity, 0)} of one class" if math.isfinite(described.purity) else ""
    st.markdown(f"**{plain(title)}**  \n{described.size:,} samples ({percent(share)}){purity}")
    if classes := class_words(subject, described):
        st.caption(classes)
    small(
        subject, list(described.exemplars[:EXEMPLARS]), f"{key}.exemplars", f"Samples that stand for {title}",
        explore.pick, record=laid.record,
    )  # fmt: skip
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Select", icon=":material/select_check_box:", key=f"{key}.select", on_click=guarded(_select),
            args=(subject, clustering, described, title),
        )  # fmt: skip
        st.button(
            "Save as selection", icon=":material/bookmark_add:", key=f"{key}.save", type="tertiary",
            on_click=guarded(_save), args=(subject, clustering, described),
        )  # fmt: skip


def class_words(subject: Subject, described: Described) -> str:
    """The classes that are most over-represented, as Markdown."""
    found = [
        f"**{plain(name_of(index, subject.dataset.class_names))}** {count:,} ({lift:.3g} ×)"
        for index, count, lift in described.classes[:NAMED]
    ]
    return " · ".join(found)


def members(clustering: Clustering, cluster: int) -> np.ndarray:
    """(n,) int32 samples of one group."""
    labels = resources.store().embeddings.labels(clustering.clustering_id)
    return np.flatnonzero(labels == cluster).astype(np.int32)


def _select(subject: Subject, clustering: Clustering, described: Described, title: str) -> None:
    explore.select(subject, members(clustering, described.cluster), f"{title} ({words_of(clustering)})")


def _save(subject: Subject, clustering: Clustering, described: Described) -> None:
    title = name_of_group(subject, described)
    made = f"{title} of {words_of(clustering)}, on the Embeddings page"
    samples = members(clustering, described.cluster)
    kept = resources.store().save_selection(_free(title), samples, subject.dataset.dataset_id, made)
    st.toast(f"Saved '{plain(kept.name)}': {kept.size:,} samples", icon=":material/bookmark_added:")


def _save_all(subject: Subject, clustering: Clustering) -> None:
    for described in clustering.clusters:
        if described.cluster >= 0:
            _save(subject, clustering, described)


def _free(name: str) -> str:
    """A name of a selection that is not taken: numbered if it is."""
    taken = {s.name for s in resources.store().selections()}
    name, number = name[:56], 1
    found = name
    while found in taken:
        number += 1
        found = f"{name} ({number})"
    return found


def _delete(clustering: Clustering, coloured: bool) -> None:
    resources.store().embeddings.delete_clustering(clustering.clustering_id)
    if coloured:
        PAGE.change(colour="truth")
