"""Below the panes: what must be said of each picture, how uploads are placed there, how long it took, and its paper."""

from __future__ import annotations

import streamlit as st

from app import words
from app.boundary import plain
from app.embeddings_choice import Laid, Subject
from app.widgets.embeddings import said

PLACING = {
    "transform": "New images are placed by the method's own map.",
    "neighbours": "The method has no map for new images: they are placed between their nearest neighbours.",
}


def section(subject: Subject) -> None:
    """A column a pane."""
    there = [(i, laid) for i, laid in enumerate(subject.panes) if laid.embedding is not None]
    for column, (place, laid) in zip(st.columns(max(len(there), 1)), there, strict=False):
        with column:
            st.markdown(f"**{place + 1} · {plain(said.pane(laid.pane))}**")
            st.caption("  \n".join(lines(laid)))


def lines(laid: Laid) -> list[str]:
    """All that is to be said of one picture, as Markdown."""
    from analysis.projections import PROJECTIONS

    embedding = laid.embedding
    if embedding is None:
        return []
    found = []
    if embedding.method in PROJECTIONS:
        note = PROJECTIONS[embedding.method].note
        found.append(f"{note.reads} {note.fails}")
    quality = embedding.quality
    found += [f":material/warning: {plain(note)}" for note in (quality.notes if quality else ())]
    found += [plain(remark) for remark in embedding.remarks]
    if embedding.fitted < embedding.samples:
        found.append(
            f"{embedding.fitted:,} of {embedding.samples:,} samples were laid by the method itself; the others were "
            "placed among them."
        )
    found.append(PLACING[embedding.placing])
    took = f"Took {words.seconds(embedding.seconds)} on {plain(embedding.device)}, {words.when(embedding.computed_at)}."
    paper = PROJECTIONS[embedding.method].note.paper if embedding.method in PROJECTIONS else ""
    return [*found, f"{took} {plain(paper)}".rstrip()]
