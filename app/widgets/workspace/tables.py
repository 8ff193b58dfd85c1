"""A table of which one row is chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.boundary import plain

ROW_PX = 35
MOST_ROWS = 9


def picked(
    ids: Sequence[str],
    columns: Mapping[str, Sequence[Any]],
    chosen: str,
    key: str,
    config: Mapping[str, Any] | None = None,
) -> str:
    """Draw the table; the id of the chosen row, which is the first where `chosen` is not among them.

    Another set of rows is another table: a row's place says nothing once rows come or go.
    """
    import pandas

    first = ids.index(chosen) if chosen in ids else 0
    shown = hashlib.sha256("\n".join(ids).encode()).hexdigest()[:8]
    event = st.dataframe(
        pandas.DataFrame(dict(columns)),
        hide_index=True,
        height=ROW_PX * (min(len(ids), MOST_ROWS) + 1) + 3,
        column_config=dict(config or {}),
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [first]}},
        key=f"{key}.{shown}",
        placeholder="",
    )
    rows = event["selection"]["rows"] or [first]
    return ids[min(rows[0], len(ids) - 1)]


def facts(rows: Mapping[str, str]) -> None:
    """What is known, a line each; lines without a value are left out."""
    known = {name: plain(value) for name, value in rows.items() if value}
    table = {"What": [f":gray[{name}]" for name in known], "Value": list(known.values())}
    st.table(table, border="horizontal", hide_index=True, hide_header=True)
