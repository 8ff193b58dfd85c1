"""What can be done with a dataset: browse, rename, delete."""

from __future__ import annotations

import streamlit as st

from analysis.records import DatasetRecord
from app import frame, resources, words
from app.boundary import guarded, plain
from app.workspace_choice import SHORT


def row(record: DatasetRecord) -> None:
    """Its name, and the actions at the right."""
    line = st.container(horizontal=True, vertical_alignment="center")
    line.markdown(f"### {plain(record.name)}", width="stretch")
    with line:
        frame.link("samples", "Browse samples", ":material/grid_view:", dataset=record.dataset_id[:SHORT])
        with st.popover("Rename", icon=":material/edit:"):
            key = f"workspace.rename.{record.dataset_id[:SHORT]}"
            st.text_input("Name", record.name, key=key, max_chars=80)
            st.button("Rename", type="primary", key=f"{key}.do", on_click=guarded(_rename), args=(record, key))
        with st.popover("Delete", icon=":material/delete:"):
            _confirm(record)


def _rename(record: DatasetRecord, key: str) -> None:
    resources.store().rename_dataset(record.dataset_id, str(st.session_state[key]).strip())


def _confirm(record: DatasetRecord) -> None:
    passes = len(resources.store().passes(dataset_id=record.dataset_id))
    kept = len(resources.store().selections(record.dataset_id))
    goes = [words.plural(record.size, "image"), f"{words.size(record.size_bytes)} on disk"]
    laid = len(resources.store().embeddings.all(record.dataset_id))
    goes += [words.plural(passes, "pass", "passes")] * bool(passes) + [words.plural(kept, "selection")] * bool(kept)
    goes += [words.plural(laid, "embedding")] * bool(laid)
    st.markdown(f"Delete **{plain(record.name)}** for good: {', '.join(goes)}. What it was imported from stays.")
    key = f"workspace.delete.{record.dataset_id[:SHORT]}"
    st.button("Delete for good", type="primary", key=key, on_click=guarded(_delete), args=(record,))


def _delete(record: DatasetRecord) -> None:
    """Whatever works on it is stopped first."""
    for job in resources.work().jobs():
        if job.active and record.dataset_id in str(job.arguments.get("dataset", "")):
            resources.work().cancel(job.key)
    resources.close_dataset(record.dataset_id)
    resources.sprites().forget(f"strip:{record.dataset_id}")
    resources.store().delete_dataset(record.dataset_id)
