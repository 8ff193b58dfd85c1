"""The sweep as files: the table, all rows, the report."""

from __future__ import annotations

import io
from collections.abc import Callable

import streamlit as st

from app import resources, sweep_numbers
from app.evaluation_rows import table
from app.exports import safe
from app.robustness_choice import Subject

PARQUET = "application/vnd.apache.parquet"


def button(subject: Subject) -> None:
    """A popover, drawn only while it is open; files are made when they are asked for."""
    box = st.popover("Download", icon=":material/download:", key="robustness.downloads", on_change="rerun")
    if not box.open:
        return
    sweep, chosen = subject.sweep, subject.selected is not None
    with box:
        st.caption("Cells: a row a variant and condition, with every score and its interval.")
        with st.container(horizontal=True):
            _offer("CSV", lambda: _cells(subject, "csv"), f"{safe(sweep.name)}-cells.csv", "text/csv")
            _offer("Parquet", lambda: _cells(subject, "parquet"), f"{safe(sweep.name)}-cells.parquet", PARQUET)
        done = resources.store().sweeps.filled(sweep.sweep_id)[0]
        rows = done * (sweep.samples if subject.selected is None else len(subject.selected))
        st.caption(f"Samples: {rows:,} rows, one for each image and cell{', of the selection' if chosen else ''}.")
        with st.container(horizontal=True):
            _offer("CSV", lambda: _rows(subject, "csv"), f"{safe(sweep.name)}-samples.csv", "text/csv")
            _offer("Parquet", lambda: _rows(subject, "parquet"), f"{safe(sweep.name)}-samples.parquet", PARQUET)
        st.caption("Report: the table, curves, findings and notes on one page that works offline.")
        _offer("HTML", lambda: _report(subject), f"{safe(sweep.name)}-report.html", "text/html")


def _report(subject: Subject) -> bytes:
    from analysis.pipelines.sweep_report import html

    return html(resources.store(), subject.sweep).encode()


def _offer(label: str, make: Callable[[], bytes], name: str, kind: str) -> None:
    st.download_button(label, make, name, kind, on_click="ignore", key=f"robustness.file.{name}")


def _cells(subject: Subject, kind: str) -> bytes:
    found = table(subject.sweep, sweep_numbers.cells(subject.sweep), subject.members)
    return _written(found, kind)


def _rows(subject: Subject, kind: str) -> bytes:
    return _written(resources.store().sweeps.table(subject.sweep.sweep_id, subject.selected), kind)


def _written(found: object, kind: str) -> bytes:
    from pyarrow import csv, parquet

    buffer = io.BytesIO()
    (csv.write_csv if kind == "csv" else parquet.write_table)(found, buffer)
    return buffer.getvalue()
