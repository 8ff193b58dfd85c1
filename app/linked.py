"""The one selection that all views of a sweep share: samples that a lasso, a cell, a brush or a list chose.

It lives in the session until it is saved; saved, it goes by its id, also in the address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from analysis.errors import UnknownSelection
from analysis.sweeps import SweepRecord
from app import resources
from app.robustness_choice import PAGE

_KEY = "linked.chosen"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Samples of one sweep, by their place in its dataset."""

    sweep_id: str
    samples: tuple[int, ...]  # ascending
    words: str  # how they were chosen: "lasso in Local geometry"


def chosen(sweep: SweepRecord) -> tuple[np.ndarray | None, str]:
    """The samples that are selected, ascending int32 (None: all), and in words how.

    UnknownSelection where the address names one that is not there, or is of another dataset.
    """
    if saved := PAGE.current().selection:
        found = resources.store().selection(saved)
        if found.dataset_id != sweep.dataset_id:
            raise UnknownSelection(f"The selection '{found.name}' is of other images than this sweep. Choose another.")
        ids = np.asarray(resources.store().selection_ids(saved), dtype=np.int32)
        return np.intersect1d(ids, resources.store().sweeps.truth(sweep.sweep_id)[0]), f"selection '{found.name}'"
    held: Chosen | None = st.session_state.get(_KEY)
    if held is None or held.sweep_id != sweep.sweep_id:
        return None, ""
    return np.array(held.samples, dtype=np.int32), held.words


def choose(sweep_id: str, samples: Iterable[int], words: str) -> None:
    """Select samples, in a widget's callback; none of them is a selection, too: the page says so."""
    found = tuple(sorted({int(s) for s in samples}))
    st.session_state[_KEY] = Chosen(sweep_id, found, words)
    if PAGE.current().selection:
        PAGE.change(selection="")


def clear() -> None:
    """Select all samples again, in a widget's callback."""
    st.session_state.pop(_KEY, None)
    if PAGE.current().selection:
        PAGE.change(selection="")


def saved(selection_id: str) -> None:
    """What was selected is from now on a selection that is saved, in a widget's callback."""
    st.session_state.pop(_KEY, None)
    PAGE.change(selection=selection_id)
