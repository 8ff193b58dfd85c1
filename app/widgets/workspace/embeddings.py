"""The embeddings that are kept: which there are, how far each can be believed, and deleting them."""

from __future__ import annotations

import streamlit as st

from analysis.embeddings import Embedding
from app import resources, words
from app.boundary import guarded, plain

MOST = 12


def section() -> None:
    """Draw them, the latest first; nothing where there is none."""
    found = resources.store().embeddings.all()
    if not found:
        return
    st.markdown(f"**Embeddings** · {len(found):,}")
    for each in found[:MOST]:
        _row(each)
    if len(found) > MOST:
        st.caption(f"and {len(found) - MOST:,} older ones")


def of_pass(pass_id: str) -> str:
    """What must be said before a pass goes whose features embeddings were made from; empty where none were."""
    count = sum(e.pass_id == pass_id for e in resources.store().embeddings.all())
    if not count:
        return ""
    theirs = "its place" if count == 1 else "their places"
    return (
        f" {words.plural(count, 'embedding keeps', 'embeddings keep')} {theirs}, but no neighbours are found and no "
        "uploaded image is placed until the model runs over the dataset again."
    )


def _row(each: Embedding) -> None:
    row = st.container(horizontal=True, vertical_alignment="center", gap="medium")
    row.markdown(f"**{plain(_label(each.method))}** of **{plain(each.model_name)}**", width=380)
    row.caption(plain(_said(each)), width="stretch")
    key = f"workspace.embedding.{each.embedding_id[:16]}"
    with row, st.popover("Delete", icon=":material/delete:", type="tertiary"):
        st.markdown("Delete this picture with its clusters. The features that it shows stay, and it can be made again.")
        st.button("Delete for good", type="primary", key=key, on_click=guarded(_delete), args=(each.embedding_id,))


def _label(method: str) -> str:
    """As people call it; a method that this version does not have keeps its name."""
    from analysis.projections import PROJECTIONS

    return PROJECTIONS[method].label if method in PROJECTIONS else method


def _said(each: Embedding) -> str:
    where = f"{each.tap}, {each.condition}, {each.dims}-D"
    believed = f", trustworthiness {each.quality.trustworthiness:.2f}" if each.quality else ""
    seed = f", seed {each.seed}" if each.seed else ""
    made = f"{words.seconds(each.seconds)} on {each.device}"
    return f"{each.dataset_name}, {where}{seed}: {words.plural(each.samples, 'sample')} in {made}{believed}"


def _delete(embedding_id: str) -> None:
    resources.store().embeddings.delete(embedding_id)
