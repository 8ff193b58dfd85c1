"""The store: how large it is, what is in it, whether it is sound; export and import."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from analysis.records import PassRecord
from app import resources, words
from app.boundary import guarded, plain
from app.settings import short
from app.widgets.workspace import upkeep
from app.workspace_choice import Choice

LARGEST = 12


def section(choice: Choice) -> Choice:
    """Draw what can be done, sizes and rows, and the passes."""
    st.caption(plain(f"Everything lies in {short(resources.settings().workspace)}"))
    upkeep.row()
    left, right = st.columns(2, gap="large")
    with left:
        _sizes()
    with right:
        _rows()
    _passes()
    return replace(choice)


def _sizes() -> None:
    sizes = {name: size for name, size in resources.store().size_report().items() if size}
    st.markdown(f"**On disk** · {words.size(sum(sizes.values()))}")
    ordered = sorted(sizes.items(), key=lambda item: -item[1])
    table = {"Part": [name for name, _ in ordered], "Size": [words.size(size) for _, size in ordered]}
    st.dataframe(table | {"Share": _shares([size for _, size in ordered])}, hide_index=True, column_config=_SHARE)


_SHARE = {"Share": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)}


def _shares(sizes: list[int]) -> list[float]:
    total = sum(sizes) or 1
    return [size / total for size in sizes]


def _rows() -> None:
    counts = {name: count for name, count in resources.store().counts().items() if count}
    st.markdown(f"**In the tables** · {words.plural(sum(counts.values()), 'row')}")
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    st.dataframe({"Table": [name for name, _ in ordered], "Rows": [f"{n:,}" for _, n in ordered]}, hide_index=True)


def _passes() -> None:
    found = resources.store().passes()
    st.markdown(f"**Passes** · {len(found):,}")
    for p in found[:LARGEST]:
        row = st.container(horizontal=True, vertical_alignment="center", gap="medium")
        row.markdown(f"**{plain(p.model_name)}** over **{plain(p.dataset_name)}**", width=380)
        kept = f"; features of {', '.join(p.taps)}" if p.taps else ""
        said = f"{words.plural(p.samples, 'sample')}, {p.condition}, {words.seconds(p.seconds)} on {p.device}{kept}"
        row.caption(plain(said), width="stretch")
        key = f"workspace.pass.{p.pass_id[:16]}"
        with row, st.popover("Delete", icon=":material/delete:", type="tertiary"):
            st.markdown("Delete what the model said of each sample, and the features that were kept.")
            st.button("Delete for good", type="primary", key=key, on_click=guarded(_delete), args=(p,))
    if len(found) > LARGEST:
        st.caption(f"and {len(found) - LARGEST:,} older ones")


def _delete(record: PassRecord) -> None:
    resources.store().delete_pass(record.pass_id)
