"""Pictures at hand, for who has none to upload: samples of the dataset, and photographs that libraries bring."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis.datasets.samples import sample_pictures
from analysis.records import PassRecord
from app import resources
from app.boundary import guarded, plain
from app.embeddings_choice import Subject
from app.widgets.embeddings import uploaded
from app.widgets.embeddings.numbers import told
from app.widgets.embeddings.small import small

MOST = 12


def section(subject: Subject, key: str, record: PassRecord | None = None) -> None:
    """A click places one. record: whose answers frame the samples; the first pane's where none is given."""
    ids = samples(told(subject.dataset, None).labels, subject.selected)
    whose = "the selection" if subject.selected is not None else plain(subject.dataset.name)
    st.caption(f"Or place a sample of {whose}, or a photograph:")
    small(
        subject, ids.tolist(), f"{key}.samples", "Samples at hand",
        lambda sample: _sample(subject.dataset.dataset_id, sample, f"sample {sample:,} of {subject.dataset.name}"),
        record=record,
    )  # fmt: skip
    st.pills(
        "Photographs", [p.title for p in sample_pictures()], key=f"{key}.photograph", label_visibility="collapsed",
        on_change=guarded(_photograph), args=(f"{key}.photograph",),
    )  # fmt: skip


def samples(labels: np.ndarray, selected: np.ndarray | None, most: int = MOST) -> np.ndarray:
    """Ascending: the first of those selected; else the first of each class, or the first of all without classes."""
    if selected is not None:
        return selected[:most]
    _, first = np.unique(labels[labels >= 0], return_index=True)
    return np.sort(np.flatnonzero(labels >= 0)[first])[:most] if len(first) > 1 else np.arange(min(len(labels), most))


def _sample(dataset_id: str, sample: int, name: str) -> None:
    _, data = resources.dataset(dataset_id).encoded(sample)
    uploaded.add(name, data)


def _photograph(key: str) -> None:
    title, st.session_state[key] = st.session_state.get(key), None  # to be clicked again
    for picture in sample_pictures():
        if picture.title == title:
            uploaded.add(picture.name, picture.read())
