"""Parallel coordinates with density bands and brushes, on a canvas; Plotly's draw a line a sample and no density."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from app.boundary import guarded
from app.widgets.component import component, source

_PARALLEL = component(
    "parallel",
    source("robustness/parallel", "parallel.css"),
    source("robustness/parallel", "drawing.js", "brushing.js", "parallel.js"),
)

Brushes = Mapping[str, tuple[float, float]]
"""Axis id -> the least and the most that are kept, in the axis's unit."""


def parallel(document: Mapping[str, Any], key: str, on_brush: Callable[[Brushes], None]) -> None:
    """Show a document as `global_document.document` makes it. on_brush(brushes): all of them, whenever one changes."""
    known = {axis["id"] for axis in document["axes"]}

    @guarded
    def brushed() -> None:
        event = getattr(st.session_state.get(key), "brushed", None)
        if event is not None:
            on_brush(read(event, known))

    _PARALLEL(data=dict(document), key=key, on_brushed_change=brushed)


def read(event: Any, known: set[str]) -> dict[str, tuple[float, float]]:
    """What a browser says was brushed; anything else than two numbers of a known axis is passed over."""
    given = event.get("brushes") if isinstance(event, Mapping) else None
    found = {}
    for name, span in (given or {}).items() if isinstance(given, Mapping) else ():
        try:
            low, high = (float(v) for v in span)
        except (TypeError, ValueError):
            continue
        if name in known and low <= high:
            found[name] = (low, high)
    return found
