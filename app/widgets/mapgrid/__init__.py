"""The grid of maps, drawn in the browser: opacity, range, colours, hover and downloads need no server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analysis.types import Picture
from app.boundary import guarded
from app.figures.pictures import shown
from app.widgets.component import component, source

if TYPE_CHECKING:
    from app.figures.grid import Row

_STYLE = source("mapgrid", "mapgrid.css")
_SCRIPT = source(
    "mapgrid",
    "elements.js", "fields.js", "colours.js", "archive.js", "pointing.js",
    "settings.js", "subject.js", "tile.js", "large.js", "exports.js", "toolbar.js", "mapgrid.js",
)  # fmt: skip
_MAPGRID = component("mapgrid", _STYLE, _SCRIPT)


@st.cache_resource(show_spinner=False, max_entries=64)
def _sent(digest: str, _picture: Picture) -> str:
    return shown(_picture.pixels)


def mapgrid(rows: Sequence[Row], key: str, on_target: Callable[[int, str], None]) -> None:
    """Show pictures, predictions and maps. on_target(index, name): the user asks about another class."""
    from analysis.attribution import METHODS
    from app.figures.grid import document

    @guarded
    def asked() -> None:
        if event := getattr(st.session_state.get(key), "target", None):
            on_target(int(event["index"]), str(event["name"]))

    drawn = document(rows, {m.name: m for m in METHODS}, lambda picture: _sent(picture.digest, picture))
    _MAPGRID(data=drawn | {"assets": {"css": _STYLE, "js": _SCRIPT}}, key=key, on_target_change=asked)
