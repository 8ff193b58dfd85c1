"""The one selection that all pages share: samples of a dataset that a lasso, a cell, a brush or a list chose.

It lives in the session until another takes its place. A selection that is saved goes by its id, which a page has in its
address; there it stands above what the session holds, until the user chooses anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from analysis.errors import UnknownSelection
from analysis.sweeps import SweepRecord
from app import embeddings_choice, geometry_choice, resources, robustness_choice

_KEY = "linked.chosen"
PAGES = (robustness_choice.PAGE, embeddings_choice.PAGE, geometry_choice.PAGE)
"""Addresses that may name a selection that is saved, and share this one."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Samples of one dataset, by their place in it."""

    dataset_id: str
    samples: np.ndarray  # (n,) int32 ascending
    words: str  # how they were chosen: "lasso in Local geometry"


def held(dataset_id: str) -> tuple[np.ndarray | None, str]:
    """The samples of this dataset that the session holds, (n,) int32 ascending (None: all), and in words how."""
    found: Chosen | None = st.session_state.get(_KEY)
    return (None, "") if found is None or found.dataset_id != dataset_id else (found.samples, found.words)


def hold(dataset_id: str, samples: Iterable[int] | np.ndarray, words: str) -> None:
    """Select samples for all pages, in a widget's callback; none of them is a selection, too: the page says so."""
    given = samples if isinstance(samples, np.ndarray) else list(samples)
    st.session_state[_KEY] = Chosen(dataset_id, np.unique(np.asarray(given, dtype=np.int32)), words)
    _unname()


def drop() -> None:
    """Select all samples again, in a widget's callback."""
    st.session_state.pop(_KEY, None)
    _unname()


def kept(dataset_id: str, selection_id: str) -> tuple[np.ndarray, str]:
    """The samples of a selection that is saved, (n,) int32 ascending, and its words.

    UnknownSelection where it is not there, or is of another dataset.
    """
    found = resources.store().selection(selection_id)
    if found.dataset_id != dataset_id:
        raise UnknownSelection(f"The selection '{found.name}' is of other images than these. Choose another.")
    ids = np.asarray(resources.store().selection_ids(selection_id), dtype=np.int32)
    return np.sort(ids), f"selection '{found.name}'"


def use(selection_id: str) -> None:
    """Select, for all pages, the samples of a selection that is saved."""
    dataset_id = resources.store().selection(selection_id).dataset_id
    hold(dataset_id, *kept(dataset_id, selection_id))


def chosen(sweep: SweepRecord) -> tuple[np.ndarray | None, str]:
    """The samples of a sweep that are selected, ascending int32 (None: all), and in words how.

    UnknownSelection where the address names one that is not there, or is of another dataset.
    """
    if named := robustness_choice.PAGE.current().selection:
        samples, words = kept(sweep.dataset_id, named)
    else:
        samples, words = held(sweep.dataset_id)
    if samples is None:
        return None, ""
    return np.intersect1d(samples, resources.store().sweeps.truth(sweep.sweep_id)[0]).astype(np.int32), words


choose, clear = hold, drop


def saved(selection_id: str) -> None:
    """On Robustness: what is selected is from now on a selection that is saved, in a widget's callback."""
    use(selection_id)
    robustness_choice.PAGE.change(selection=selection_id)


def _unname() -> None:
    """What was chosen last counts: no page's address names a saved selection any longer."""
    for page in PAGES:
        page.amend(selection="")
