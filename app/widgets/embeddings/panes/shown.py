"""The panes' function: what they draw goes to the browser as files by digest, what a user does comes back as events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from app.boundary import guarded
from app.widgets.component import component, source
from app.widgets.embeddings.panes.choosing import read
from app.widgets.embeddings.panes.drawn import Colouring, Drawn, UploadMark
from app.widgets.embeddings.panes.packing import document

_PANES = component(
    "panes",
    source("embeddings/panes", "panes.css"),
    source("mapgrid", "elements.js")
    + "\n"
    + source(
        "embeddings/panes",
        *("making.js", "cameras.js", "points.js", "drawing.js", "overlay.js", "pictures.js"),
        *("pointing.js", "choosing.js", "legend.js", "toolbar.js", "panes.js"),
    ),
)

MOST_PANES = 4


def panes(
    drawn: Sequence[Drawn],
    colouring: Colouring,
    *,
    lit: np.ndarray | None = None,
    context_url: str = "",
    height: int = 560,
    key: str = "embeddings.panes",
    shared_camera: bool = False,
    sample: int | None = None,
    uploads: Sequence[UploadMark] = (),
    hidden: Sequence[int] = (),
    on_choose: Callable[[Mapping[str, Any]], None],
    on_pick: Callable[[int], None],
    on_hide: Callable[[Sequence[int]], None],
) -> None:
    """Show up to four panes.

    lit (N,) uint8: 0 hidden, 1 faded, 2 lit; None: all are lit. context_url: what `serving.publish_context` gave, for
    words and thumbnails of samples; empty: there are none. height: of all of it, in pixels. sample: the picked one.
    hidden: the classes that the legend says are hidden; that their samples are, is in `lit`.
    on_choose(event): a lasso or a box, see `resolve`. on_pick(sample): a click on a point, also on the
    one that is picked.
    on_hide(codes): all the classes that are to be hidden, ascending.
    """
    drawn = drawn[:MOST_PANES]
    answered = f"{key}.answered"
    count = _samples(drawn, colouring)

    @guarded
    def acted() -> None:
        state = st.session_state.get(key)
        if event := getattr(state, "chosen", None):
            st.session_state[answered] = _number(event.get("turn")) or 0
            if asked := read(event, len(drawn)):
                on_choose(asked)
        elif event := getattr(state, "picked", None):
            picked = _number(event.get("sample"))
            if picked is not None and 0 <= picked < count:
                on_pick(picked)
        elif event := getattr(state, "hid", None):
            st.session_state[answered] = _number(event.get("turn")) or 0
            codes = event.get("codes")
            given = [_number(code) for code in codes] if isinstance(codes, list) else []
            on_hide(sorted({c for c in given if c is not None and 0 <= c < len(colouring.names)}))

    data = document(drawn, colouring, lit, uploads, count) | {
        "context": context_url,
        "height": int(height),
        "shared": bool(shared_camera),
        "sample": sample,
        "hidden": [int(code) for code in hidden],
        "answered": st.session_state.get(answered, 0),
    }
    _PANES(
        data=data,
        key=key,
        on_chosen_change=acted,
        on_picked_change=acted,
        on_hid_change=acted,
        on_lost_change=lambda: None,  # what was published is gone: the rerun publishes it again
    )


def _samples(drawn: Sequence[Drawn], colouring: Colouring) -> int:
    given = colouring.codes if colouring.kind == "category" else colouring.values
    counts = [len(d.points) for d in drawn if d.points is not None]
    return max([*counts, 0 if given is None else len(given)], default=0)


def _number(given: Any) -> int | None:
    """A whole number from a browser."""
    if isinstance(given, bool) or not isinstance(given, int | float) or given != given or abs(given) > 2**53:
        return None
    return int(given)
