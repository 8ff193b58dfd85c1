"""The one selection that all views of a sweep share: samples that a lasso, a cell, a brush or a list chose.

It lives in the session until it is saved; saved, it goes by its id, also in the address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from app import resources
from app.robustness_choice import PAGE

_KEY = "linked.chosen"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Samples of one sweep, by their place in its dataset."""

    sweep_id: str
    samples: tuple[int, ...]  # ascending
    words: str  # how they were chosen: "lasso in Local geometry"


def chosen(sweep_id: str) -> tuple[np.ndarray | None, str]:
    """The samples that are selected (None: all), and in words how."""
    saved = PAGE.current().selection
    if saved:
        found = resources.store().selection(saved)  # UnknownSelection: the caller says so
        return resources.store().selection_ids(saved), f"selection '{found.name}'"
    held: Chosen | None = st.session_state.get(_KEY)
    if held is None or held.sweep_id != sweep_id:
        return None, ""
    return np.array(held.samples, dtype=np.int32), held.words


def choose(sweep_id: str, samples: Iterable[int], words: str) -> None:
    """Select samples, in a widget's callback. None of them: nothing changes but that the page says so."""
    found = tuple(sorted({int(s) for s in samples}))
    st.session_state[_KEY] = Chosen(sweep_id, found, words)
    if PAGE.current().selection:
        PAGE.change(selection="")


def clear() -> None:
    """Select all samples again, in a widget's callback."""
    st.session_state.pop(_KEY, None)
    if PAGE.current().selection:
        PAGE.change(selection="")
