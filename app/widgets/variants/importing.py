"""Bringing a model back that was exported: the zip with its weights and its card."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from app import resources
from app.boundary import boundary, guarded, plain
from app.exports import safe
from app.variants_choice import PAGE

KEY, ROUND, DONE = "variants.import.file", "variants.import.round", "variants.import.done"


def offer() -> None:
    """A popover with the uploader; what came in is on show then."""
    with st.popover("Import", icon=":material/upload:"), boundary():
        st.markdown("A zip that was exported here or by `cutaway export-model`, with the recipe that rebuilds it.")
        turn = st.session_state.setdefault(ROUND, 0)
        key = f"{KEY}.{turn}"
        given = st.file_uploader("Zip", "zip", key=key, label_visibility="collapsed")
        own = st.text_input("Name", key=f"{key}.name", max_chars=80, placeholder="its own").strip()
        st.button(
            "Import", type="primary", key=f"{KEY}.do", disabled=given is None, on_click=guarded(_take), args=(key, own)
        )
    if said := st.session_state.pop(DONE, ""):
        st.toast(plain(said), icon=":material/check_circle:")


def _take(key: str, own: str) -> None:
    from analysis.pipelines.variant_files import imported_again

    file = st.session_state.get(key)
    if file is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / safe(file.name)
        archive.write_bytes(file.getvalue())
        card = imported_again(archive, resources.settings().imported_models, own or None)
    st.session_state[ROUND] += 1
    st.session_state[DONE] = f"{card.name} is imported"
    PAGE.change(base=card.parent or card.name, chosen=(card.name,), model=card.name)
