"""Selections, named sets of samples: choose one, save what is shown, rename, combine, export, delete."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import cast, get_args

import streamlit as st

from analysis.records import Combination, Filter, Selection
from analysis.store import digest
from app import resources
from app.boundary import boundary, guarded, plain
from app.exports import safe

SAVED = "selections.saved"
HOW = {"and": "in both", "or": "in either", "not": "in the first, not in the second"}


def saving(
    shown: Filter, size: int, ticked: Sequence[int], made_from: str, on_saved: Callable[[Selection], None]
) -> None:
    """A popover that keeps what is shown, or the ticked samples, under a name."""
    with st.popover("Save as selection", icon=":material/bookmark_add:"), st.form("selections.save", border=False):
        options = [f"The {size:,} shown"] + ([f"The {len(ticked):,} ticked"] if ticked else [])
        what = st.radio("Samples", options, index=len(options) - 1, label_visibility="collapsed")
        name = st.text_input("Name", max_chars=64, placeholder="fragile cats")
        ids = list(ticked) if what != options[0] else None
        if st.form_submit_button("Save", type="primary", disabled=not (size or ticked)):
            with boundary():
                _save(name, shown, ids, made_from, on_saved)


def _save(
    name: str, shown: Filter, ids: list[int] | None, made_from: str, on_saved: Callable[[Selection], None]
) -> None:
    import numpy as np

    if not name.strip():
        st.warning("Give it a name.")
        return
    what = shown if ids is None else np.asarray(ids, np.int32)
    made = "ticked by hand" if ids is not None else made_from or "all samples"
    kept = resources.store().save_selection(name.strip(), what, shown.dataset_id, made)
    on_saved(kept)


def manage(
    selections: Sequence[Selection], shown: Filter, on_use: Callable[[str], None], key: str = "selections"
) -> None:
    """All that can be done with one selection, how two become one, and the list.

    shown: the filter in use; its passes are those whose predictions are exported. on_use(id): filter by it.
    """
    if not selections:
        st.info("Nothing is saved yet. Filter or tick samples, then 'Save as selection'.", icon=":material/bookmark:")
        return
    current = shown.selection_id or ""
    names = {s.selection_id: f"{s.name} ({s.size:,})" for s in selections}
    first = next((i for i, s in enumerate(selections) if s.selection_id == current), 0)
    chosen = st.selectbox(
        "Selection",
        names,
        first,
        format_func=names.__getitem__,
        key=f"{key}.one.{digest(current=current, names=names)[:8]}",
    )
    one = next(s for s in selections if s.selection_id == chosen) if chosen else selections[first]
    st.caption(plain(f"Made from: {one.made_from}. Saved {one.created_at.astimezone():%Y-%m-%d %H:%M}."))
    _actions(one, shown, on_use, key)
    if len(selections) > 1:
        _combining(selections, names, on_use, key)
    _table(selections)


def _actions(one: Selection, shown: Filter, on_use: Callable[[str], None], key: str) -> None:
    own, current = f"{key}.{one.selection_id}", shown.selection_id or ""
    wanted = Filter(one.dataset_id, shown.pass_id, shown.other_pass, selection_id=one.selection_id)
    row = st.container(horizontal=True)
    if one.selection_id != current:
        row.button("Show it", key=f"{own}.use", on_click=guarded(on_use), args=(one.selection_id,), type="primary")
    with row.popover("Rename"):
        name = st.text_input("New name", one.name, max_chars=64, key=f"{own}.name")
        st.button("Rename", key=f"{own}.rename", on_click=guarded(_rename), args=(one, name), disabled=name == one.name)
    with row.popover("Export"):
        stem = safe(one.name)
        st.download_button(
            "CSV", lambda: _exported(wanted, "csv"), f"{stem}.csv", "text/csv", on_click="ignore", key=f"{own}.csv"
        )
        kind = "application/vnd.apache.parquet"
        st.download_button(
            "Parquet", lambda: _exported(wanted, "parquet"), f"{stem}.parquet", kind, on_click="ignore", key=f"{own}.pq"
        )
    with row.popover("Delete"):
        st.markdown(f"Delete **{plain(one.name)}**? The {one.size:,} images stay.")
        st.button("Delete it", key=f"{own}.delete", on_click=guarded(_delete), args=(one, current, on_use))


def _rename(one: Selection, name: str) -> None:
    resources.store().rename_selection(one.selection_id, name.strip())


def _delete(one: Selection, current: str, on_use: Callable[[str], None]) -> None:
    resources.store().delete_selection(one.selection_id)
    if one.selection_id == current:
        on_use("")


def _exported(wanted: Filter, kind: str) -> bytes:
    """Ids, names, labels and predictions as a file."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    table, buffer = resources.store().table(wanted), io.BytesIO()
    if kind == "csv":
        flat = [field.name for field in table.schema if not pa.types.is_nested(field.type)]
        csv.write_csv(table.select(flat), buffer)
    else:
        parquet.write_table(table, buffer)
    return buffer.getvalue()


def _combining(selections: Sequence[Selection], names: dict[str, str], on_use: Callable[[str], None], key: str) -> None:
    with st.form(f"{key}.combine"):
        left, middle, right = st.columns([3, 3, 3], vertical_alignment="bottom")
        first = left.selectbox("Samples of", names, 0, format_func=names.__getitem__)
        how = middle.selectbox("that are", get_args(Combination), format_func=HOW.__getitem__)
        second = right.selectbox("with", names, 1, format_func=names.__getitem__)
        left, right = st.columns([6, 3], vertical_alignment="bottom")
        plain_names = {s.selection_id: s.name for s in selections}
        name = left.text_input("Name of the new one", max_chars=64, placeholder="both models wrong")
        if right.form_submit_button("Combine", width="stretch") and first and second:
            said = name.strip() or f"{plain_names[first]} {how} {plain_names[second]}"
            with boundary():
                made = resources.store().combine_selections(said[:64], first, cast("Combination", how), second)
                on_use(made.selection_id)
                st.rerun()


def _table(selections: Sequence[Selection]) -> None:
    rows = {
        "Name": [s.name for s in selections],
        "Images": [s.size for s in selections],
        "Made from": [s.made_from for s in selections],
        "Saved": [s.created_at for s in selections],
    }
    column = {"Saved": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")}
    st.dataframe(rows, hide_index=True, column_config=column)
