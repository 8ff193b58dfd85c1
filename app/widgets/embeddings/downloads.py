"""What the panes show as files: a table of every sample's place, and a figure that stands alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from app import resources
from app.boundary import boundary
from app.embeddings_choice import Laid, Subject
from app.exports import safe
from app.figures.embeddings_export import Look, figure
from app.figures.tiles import name_of
from app.widgets.embeddings import explore
from app.widgets.embeddings.colouring import coloured
from app.widgets.embeddings.images import errors
from app.widgets.embeddings.numbers import told
from app.widgets.embeddings.small import names_of

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import pyarrow as pa

KEY = "embeddings.downloads"
PARQUET = "application/vnd.apache.parquet"
FORMATS = ("SVG", "PNG")
AXES = "xyz"
MOST_NAMED = 20_000
"""Points with their names in a figure; of more they would be most of its bytes."""


def popover(subject: Subject) -> None:
    """Drawn only while it is open; files are made when they are asked for."""
    box = st.popover("Download", icon=":material/download:", key=KEY, on_change="rerun")
    if not box.open:
        return
    panes = explore.panes_with(subject, lambda laid: laid.points)
    with box:
        if not panes:
            st.caption("No pane has a picture yet.")
            return
        place = st.selectbox("Pane", panes, format_func=panes.__getitem__, key=f"{KEY}.pane") if len(panes) > 1 else 0
        place = next(iter(panes)) if place not in panes else place
        pane = subject.panes[place].pane
        stem = safe(f"embedding-{pane.model}-{pane.method}")
        st.caption(f"Places: a row for each of {subject.dataset.size:,} samples, with what is known of it.")
        with st.container(horizontal=True):
            _offer("CSV", partial(places_file, subject, place, "csv"), f"{stem}.csv", "text/csv")
            _offer("Parquet", partial(places_file, subject, place, "parquet"), f"{stem}.parquet", PARQUET)
        st.caption("Figure: as it is coloured now. The HTML works offline and can be zoomed.")
        with st.container(horizontal=True):
            _offer("HTML", partial(html, subject, place), f"{stem}.html", "text/html")
            asked = st.button("SVG or PNG", key=f"{KEY}.figure")
    if asked:
        _dialog(subject, place, stem)


def _offer(label: str, make: Callable[[], bytes], name: str, kind: str) -> None:
    st.download_button(label, make, name, kind, on_click="ignore", key=f"{KEY}.{label}")


@st.dialog("Figure", width="large")
def _dialog(subject: Subject, place: int, stem: str) -> None:
    with boundary():
        form = st.segmented_control("Format", FORMATS, default=FORMATS[0], required=True, key=f"{KEY}.format")
        options = {"format": (form or FORMATS[0]).lower(), "filename": stem, "scale": 2 if form == "PNG" else 1}
        config = {
            "displayModeBar": True, "displaylogo": False, "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": options,
        }  # fmt: skip
        st.plotly_chart(drawn(subject, place, st.context.theme.type == "dark"), config=config, theme=None)
        st.caption("The camera at the figure's top right saves it.")


def places_file(subject: Subject, place: int, kind: str) -> bytes:
    from pyarrow import csv, parquet

    buffer = io.BytesIO()
    (csv.write_csv if kind == "csv" else parquet.write_table)(places(subject, place), buffer)
    return buffer.getvalue()


def places(subject: Subject, place: int) -> pa.Table:
    """A row a sample: name, truth, prediction, its place in one pane, error, moved, selected, shown, clusters."""
    import pyarrow as pa

    laid = subject.panes[place]
    assert laid.points is not None
    known, size = told(subject.dataset, laid.record), subject.dataset.size
    rows: dict[str, Any] = {
        "sample": np.arange(size, dtype=np.int32),
        "name": names_of(subject.dataset.dataset_id),
        "truth": [name_of(c, subject.dataset.class_names) or None for c in known.labels.tolist()],
    }
    if laid.record is not None:
        said = known.prediction.tolist()
        rows["prediction"] = [name_of(c, laid.record.class_names) or None for c in said]
        rows |= {name: pa.array(values, from_pandas=True) for name, values in known.numbers.items()}
    rows |= {AXES[i]: pa.array(column, from_pandas=True) for i, column in enumerate(laid.points.T.astype(np.float32))}
    for name, values in (("error", errors(laid)), ("moved", laid.moved)):
        if values is not None:
            rows[name] = pa.array(np.asarray(values, np.float32), from_pandas=True)
    rows["selected"] = np.ones(size, bool) if subject.selected is None else _marked(subject.selected, size)
    if subject.shown is not None:
        rows["shown"] = subject.shown
    return pa.table(rows | _clusters(laid))


def _marked(samples: np.ndarray, size: int) -> np.ndarray:
    marks = np.zeros(size, bool)
    marks[samples] = True
    return marks


def _clusters(laid: Laid) -> dict[str, Any]:
    """A column a clustering: its number from 1 on, none where a sample belongs to none."""
    import pyarrow as pa

    if laid.embedding is None:
        return {}
    kept, found = resources.store().embeddings, {}
    for clustering in kept.clusterings(laid.embedding.embedding_id):
        labels = kept.labels(clustering.clustering_id)
        name = f"cluster_{clustering.method}_{clustering.space}_{clustering.clustering_id[:6]}"
        found[name] = pa.array(labels + 1, mask=labels < 0)
    return found


def html(subject: Subject, place: int) -> bytes:
    return drawn(subject, place, False).to_html(include_plotlyjs=True, full_html=True).encode()


def drawn(subject: Subject, place: int, dark: bool) -> go.Figure:
    """A pane as a figure, coloured as on the page; what is not selected or filtered away is grey."""
    laid, colours = subject.panes[place], coloured(subject, dark)
    assert laid.points is not None
    look = Look(
        f"{colours.title} ({colours.unit})" if colours.unit else colours.title, colours.palette, colours.names,
        colours.codes, colours.values, colours.low, colours.high,
    )  # fmt: skip
    everything = subject.selected is None and subject.shown is None
    return figure(
        laid.points, look, laid.embedding.axes if laid.embedding else (), explore.pane_name(subject, place),
        lit=None if everything else _marked(subject.about, subject.dataset.size), dark=dark,
        samples=names_of(subject.dataset.dataset_id) if subject.dataset.size <= MOST_NAMED else (),
    )  # fmt: skip
