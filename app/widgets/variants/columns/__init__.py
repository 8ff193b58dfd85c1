"""Models in columns over the same pictures: what they say, maps, differences from the base; drawn in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app.figures.pictures import shown
from app.widgets.component import component, source

if TYPE_CHECKING:
    from analysis.types import Picture
    from app.figures.side import Column, Line

_STYLE = source("mapgrid", "mapgrid.css") + source("variants/columns", "columns.css")
_SCRIPT = source(
    "mapgrid",
    "elements.js", "fields.js", "colours.js", "archive.js", "pointing.js",
    "settings.js", "subject.js", "tile.js", "large.js", "exports.js", "toolbar.js",
) + source("variants/columns", "columns.js")  # fmt: skip
_COLUMNS = component("columns", _STYLE, _SCRIPT)


@st.cache_resource(show_spinner=False, max_entries=64)
def _sent(digest: str, _picture: Picture) -> str:
    return shown(_picture.pixels)


def columns(models: Sequence[Column], lines: Sequence[Line], key: str) -> None:
    """Show pictures before models, of which the first is the base."""
    from analysis.attribution import METHODS
    from app.figures.side import document

    drawn = document(models, lines, {m.name: m for m in METHODS}, lambda picture: _sent(picture.digest, picture))
    _COLUMNS(data=drawn | {"assets": {"css": _STYLE, "js": _SCRIPT}}, key=key)
