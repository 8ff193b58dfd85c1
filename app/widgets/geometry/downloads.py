"""All numbers of the models on show as files, and a report that stands alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import streamlit as st

from app import words
from app.exports import safe
from app.geometry_choice import Subject
from app.widgets.geometry import picker

KEY = "geometry.downloads"
PARQUET = "application/vnd.apache.parquet"


def button(subject: Subject) -> None:
    """A popover, drawn only while it is open; files are made when they are asked for."""
    box = st.popover("Download", icon=":material/download:", key=KEY, on_change="rerun")
    if not box.open:
        return
    count = sum(len(network.numbers) for network in subject.networks)
    stem = safe(f"geometry-{subject.dataset.name}")
    with box:
        if not count:
            st.caption("Nothing is measured yet.")
            return
        st.caption(f"Numbers: {words.plural(count, 'row')}, one a model, layer and measure, with n and interval.")
        with st.container(horizontal=True):
            _offer("CSV", partial(numbers_file, subject, "csv"), f"{stem}.csv", "text/csv")
            _offer("Parquet", partial(numbers_file, subject, "parquet"), f"{stem}.parquet", PARQUET)
        st.caption("Report: what stands out, tables and curves by depth on one page that works offline.")
        _offer("HTML", partial(report, subject), f"{stem}.html", "text/html")


def _offer(label: str, make: Callable[[], bytes], name: str, kind: str) -> None:
    st.download_button(label, make, name, kind, on_click="ignore", key=f"{KEY}.{label}")


def numbers_file(subject: Subject, kind: str) -> bytes:
    from pyarrow import csv, parquet

    from app.geometry_document import numbers

    buffer = io.BytesIO()
    (csv.write_csv if kind == "csv" else parquet.write_table)(numbers(subject), buffer)
    return buffer.getvalue()


def report(subject: Subject) -> bytes:
    from app.geometry_document import html
    from app.widgets.geometry.overview import findings

    return html(subject, [found.text for found in findings(subject)], picker.training(subject)).encode()
