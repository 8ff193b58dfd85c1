"""The evaluation table, drawn in the browser: Streamlit's own has no histograms in cells and no clicks on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from app.boundary import guarded
from app.widgets.component import component, source

_FOLDER = "robustness/evaltable"
_TABLE = component(
    "evaltable",
    source(_FOLDER, "evaltable.css"),
    source(_FOLDER, "drawing.js", "card.js", "following.js", "evaltable.js"),
)


def evaltable(document: Mapping[str, Any], key: str, on_pick: Callable[[str, str, str], None]) -> None:
    """Show a document of `evaluation_document`. on_pick(what, row, column): a member's name and a column's key.

    what: "a", "b", "wrong" or "right" of a cell; "row-a", "row-b"; "sort" by a column.
    """
    rows, columns = ({each[name] for each in document[of]} for of, name in (("rows", "name"), ("columns", "key")))

    @guarded
    def picked() -> None:
        event = getattr(st.session_state.get(key), "picked", None) or {}
        row, column = str(event.get("row", "")), str(event.get("column", ""))
        if (not row or row in rows) and (not column or column in columns | {document["corner"]["key"]}):
            on_pick(str(event.get("kind", "")), row, column)

    _TABLE(data=dict(document), key=key, on_picked_change=picked)
