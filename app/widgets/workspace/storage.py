"""The store: how large it is, what is in it, whether it is sound; export and import."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from analysis.records import PassRecord
from app import resources, words
from app.boundary import guarded, plain
from app.settings import short
from app.widgets.workspace import embeddings, upkeep
from app.workspace_choice import Choice

LARGEST = 12
NAMED = 4  # layers of a pass; of more it is said how many
DATABASE = "store.duckdb"
TABLE = "table "  # how the size report calls what lies inside the database


def section(choice: Choice) -> Choice:
    """Draw what can be done, sizes and rows, the passes and the embeddings."""
    st.caption(plain(f"Everything lies in {short(resources.settings().workspace)}"))
    upkeep.row()
    sizes = resources.store().size_report()
    left, right = st.columns(2, gap="large")
    with left:
        _sizes(_parts(sizes))
    with right:
        _rows(sizes)
    _passes()
    embeddings.section()
    return choice


def _parts(sizes: Mapping[str, int]) -> dict[str, int]:
    """Files and folders, the tables in the one that holds them."""
    parts = {name: size for name, size in sizes.items() if not name.startswith(TABLE)}
    return parts | {DATABASE: sum(sizes.values()) - sum(size for name, size in parts.items() if name != DATABASE)}


def _sizes(sizes: Mapping[str, int]) -> None:
    """Files and folders, the largest first."""
    parts = sorted(((name, size) for name, size in sizes.items() if size), key=lambda part: -part[1])
    total = sum(sizes.values())
    st.markdown(f"**On disk** · {words.size(total)}")
    table = {"Part": [name for name, _ in parts], "Size": [words.size(size) for _, size in parts]}
    shares = [size / total for _, size in parts]
    bar = st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)
    st.dataframe(table | {"Share": shares}, hide_index=True, column_config={"Share": bar})


def _rows(sizes: Mapping[str, int]) -> None:
    """Tables by their rows."""
    counts = {name: count for name, count in resources.store().counts().items() if count}
    st.markdown(f"**In the tables** · {words.plural(sum(counts.values()), 'row')}")
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    table = {"Table": [name for name, _ in ordered], "Rows": [f"{n:,}" for _, n in ordered]}
    room = [words.size(sizes[TABLE + name]) if TABLE + name in sizes else "" for name, _ in ordered]
    st.dataframe(table | {"Size": room}, hide_index=True)


def _passes() -> None:
    found = resources.store().passes()
    st.markdown(f"**Passes** · {len(found):,}")
    for p in found[:LARGEST]:
        row = st.container(horizontal=True, vertical_alignment="center", gap="medium")
        row.markdown(f"**{plain(p.model_name)}** over **{plain(p.dataset_name)}**", width=380)
        layers = ", ".join(p.taps) if len(p.taps) <= NAMED else words.plural(len(p.taps), "layer")
        kept = f"; features of {layers}" if p.taps else ""
        said = f"{words.plural(p.samples, 'sample')}, {p.condition}, {words.seconds(p.seconds)} on {p.device}{kept}"
        row.caption(plain(said), width="stretch")
        key = f"workspace.pass.{p.pass_id[:16]}"
        with row, st.popover("Delete", icon=":material/delete:", type="tertiary"):
            goes = "Delete what the model said of each sample, its features, and what was measured of them."
            st.markdown(goes + embeddings.of_pass(p.pass_id))
            st.button("Delete for good", type="primary", key=key, on_click=guarded(_delete), args=(p,))
    if len(found) > LARGEST:
        st.caption(f"and {len(found) - LARGEST:,} older ones")


def _delete(record: PassRecord) -> None:
    resources.store().delete_pass(record.pass_id)
