"""Which chart or table the selection was made in.

A chart keeps what was clicked in it, and reports no second click on the same cell. So once something else makes the
selection, or it is cleared, the chart is drawn under a new key and has forgotten its click.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import linked
from app.geometry_choice import Subject

HOLDER, TURNS = "geometry.picked.holder", "geometry.picked.turns"


def turned(key: str) -> str:
    """The key to draw a chart or a table under."""
    return f"{key}.{st.session_state.get(TURNS, {}).get(key, 0)}"


def select(subject: Subject, samples: np.ndarray, words: str, key: str = "") -> None:
    """These samples become the selection of all pages. key: of the chart that they were clicked in. In a callback."""
    _hold(key)
    linked.hold(subject.dataset.dataset_id, samples, words)


def clear() -> None:
    """All samples again. In a callback."""
    _hold("")
    linked.drop()


def _hold(key: str) -> None:
    before = st.session_state.get(HOLDER, "")
    if before and before != key:
        turns = st.session_state.get(TURNS, {})
        st.session_state[TURNS] = {**turns, before: turns.get(before, 0) + 1}
    st.session_state[HOLDER] = key
