"""What the sections beside the panes share: picking, selecting, opening elsewhere, and a chart whose clicks count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st

from analysis.datasets.decoding import decode
from analysis.records import PassRecord
from app import frame, linked, resources
from app.boundary import guarded, plain
from app.embeddings_choice import PAGE, Laid, Subject
from app.widgets.embeddings import said

_CONFIG = {"displayModeBar": False}


def pick(sample: int) -> None:
    """A click: this sample is looked at; another click lets it go."""
    PAGE.change(sample=None if PAGE.current().sample == sample else sample)


def select(subject: Subject, samples: np.ndarray, words: str) -> None:
    """These samples become the selection of all pages."""
    linked.hold(subject.dataset.dataset_id, samples, words)


def saving(subject: Subject, samples: np.ndarray, words: str, key: str) -> None:
    """A popover that keeps samples under a name."""
    with st.popover("Save", icon=":material/bookmark_add:"):
        name = st.text_input("Name", words[:64], max_chars=64, key=f"{key}.name")
        st.button(
            f"Save {len(samples):,} samples", key=f"{key}.do", type="primary", disabled=not len(samples),
            on_click=guarded(_save), args=(subject, samples, name, words),
        )  # fmt: skip


def _save(subject: Subject, samples: np.ndarray, name: str, words: str) -> None:
    made = f"{words}, on the Embeddings page"
    kept = resources.store().save_selection(name.strip() or words[:64], samples, subject.dataset.dataset_id, made)
    st.toast(f"Saved '{plain(kept.name)}': {kept.size:,} samples", icon=":material/bookmark_added:")


def explain(sample: int, record: PassRecord) -> None:
    """Open the Explain page with this sample and the model of a pass."""
    name, data = resources.dataset(record.dataset_id).encoded(sample)
    picture = decode(data, name)
    resources.store().save_picture(picture, data)
    asked = {"picture": picture.digest, "classifier": record.model_name}
    st.switch_page(frame.pages()["explain"], query_params=asked)


def pane_name(subject: Subject, place: int) -> str:
    """A pane in words: its number, and what sets it apart."""
    laid = subject.panes[place]
    pane = laid.pane
    others = [p.pane for p in subject.panes]
    apart = [
        said.method(pane.method) if part == "method" else getattr(pane, part)
        for part in ("model", "tap", "condition", "method")
        if part == "model" or len({getattr(o, part) for o in others}) > 1
    ]
    return f"{place + 1}: {' · '.join(apart)}"


def panes_with(subject: Subject, what: Callable[[Laid], Any]) -> dict[int, str]:
    """The panes that have something, by their place, with their names."""
    return {i: pane_name(subject, i) for i, laid in enumerate(subject.panes) if what(laid) is not None}


def clickable(figure: Any, key: str, on_click: Callable[[list], None]) -> None:
    """A figure whose points tell by their customdata what they stand for. The selection's home is the choice."""

    @guarded
    def clicked() -> None:
        points = selected(key).get("points") or []
        if points and points[0].get("customdata") is not None:
            on_click(list(points[0]["customdata"]))

    st.plotly_chart(figure, key=key, on_select=clicked, selection_mode="points", config=_CONFIG)


def selected(key: str) -> Mapping[str, Any]:
    """What a chart or a table says is chosen in it."""
    return (st.session_state.get(key) or {}).get("selection") or {}
