"""Links to the other pages that show the samples that are selected."""

from __future__ import annotations

import streamlit as st

from analysis.records import DatasetRecord, PassRecord
from app import frame, resources

SHORT = 12  # letters of an id in an address
ICON = ":material/open_in_new:"


def links(page: str, dataset: DatasetRecord, selection_id: str = "", record: PassRecord | None = None) -> None:
    """page: the one that draws them. selection_id: under which the samples are saved, if they are. record: of a model
    on show.
    """
    data = dataset.dataset_id[:SHORT]
    for name in ("embeddings", "geometry"):
        if name != page:
            frame.link(name, name.capitalize(), ICON, data=data)
    _samples(data, selection_id, record)
    sweep = next((s for s in resources.store().sweeps.all() if s.dataset_id == dataset.dataset_id), None)
    if sweep is not None:
        frame.link("robustness", "Robustness", ICON, sweep=sweep.sweep_id[:SHORT])


def _samples(data: str, selection_id: str, record: PassRecord | None) -> None:
    """That page takes selections that have a name."""
    model = {"model": record.pass_id[:SHORT]} if record else {}
    if selection_id:
        frame.link("samples", "Samples", ICON, dataset=data, selection=selection_id, **model)
        return
    said = "Save the selection first: that page shows those that have a name."
    st.page_link(frame.pages()["samples"], label="Samples", icon=ICON, disabled=True, help=said)
