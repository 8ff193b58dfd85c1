"""The datasets of the workspace: which there are, and all that is known of one."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from html import escape

import streamlit as st

from analysis.records import DatasetRecord
from app import frame, resources, words
from app.boundary import boundary, plain
from app.widgets.workspace import dataset_actions, running
from app.widgets.workspace.tables import facts, picked
from app.workspace_choice import SHORT, Choice

THUMBNAILS, SIDE = 18, 77
MOST_BARS, TALL = 18, 440
_CHART = {"displayModeBar": False}


def section(choice: Choice) -> Choice:
    """Draw the table and, beneath it, the chosen dataset."""
    records = resources.store().datasets()
    if not records:
        st.markdown("#### No data yet")
        st.markdown(
            "Import a folder of images, an archive, a table or arrays, or generate a dataset, under **Add data**."
        )
        return choice
    short = {r.dataset_id[:SHORT]: r for r in records}
    chosen = picked(list(short), _columns(records), choice.dataset[:SHORT], "workspace.datasets", _CONFIG)
    with boundary():
        _detail(short[chosen])
    return replace(choice, dataset=chosen)


_CONFIG = {
    "Images": st.column_config.NumberColumn(format="localized"),
    "Sizes": st.column_config.TextColumn(width="medium", help="Width x height in pixels"),
    "Formats": st.column_config.TextColumn(width="large"),
}


def _columns(records: Sequence[DatasetRecord]) -> dict[str, list]:
    return {
        "Name": [r.name for r in records],
        "Images": [r.size for r in records],
        "Classes": [len(r.class_names) for r in records],
        "Sizes": [words.most_of(r.image_sizes, 1) for r in records],
        "Formats": [words.most_of(r.formats, 1) for r in records],
        "Masks": ["yes" if r.masks else "" for r in records],
        "Boxes": ["yes" if r.boxes else "" for r in records],
        "Skipped": [f"{r.skipped:,}" if r.skipped else "" for r in records],
        "On disk": [words.size(r.size_bytes) for r in records],
        "Added": [words.when(r.added_at) for r in records],
    }


def _detail(record: DatasetRecord) -> None:
    dataset_actions.row(record)
    for remark in record.remarks:
        st.warning(plain(remark), icon=":material/info:")
    _strip(record)
    with st.container():  # always there, so that what comes below stays the same element
        running.section(record)
    _passes(record)
    left, right = st.columns([3, 2], gap="large")
    with left:
        facts(_known(record))
        _skipped(record)
    with right:
        _counts(record)


def _known(record: DatasetRecord) -> dict[str, str]:
    unlabelled = record.size - record.labelled
    return {
        "Images": f"{record.size:,}" + (f", {unlabelled:,} of them without a class" if unlabelled else ""),
        "Classes": f"{len(record.class_names):,}",
        "Sizes": words.most_of(record.image_sizes, 4),
        "Formats": words.most_of(record.formats, 4),
        "Masks": f"{record.masks:,}" if record.masks else "none",
        "Boxes": f"{record.boxes:,}" if record.boxes else "none",
        "Conditions": ", ".join(record.conditions[:20]),
        "Made by" if record.kind == "generated" else "From": f"{record.source} ({record.kind})",
        "With": ", ".join(f"{name} {value}" for name, value in record.params.items()),
        "On disk": words.size(record.size_bytes),
        "Added": words.when(record.added_at),
        "Fingerprint": record.dataset_id[:16],
    }


def _strip(record: DatasetRecord) -> None:
    """Within the page: a file of Streamlit's is gone once the page is left, and one still being fetched is an error."""
    source = f"data:image/png;base64,{b64encode(_thumbnails(record)).decode()}"
    st.html(f'<img src="{source}" alt="Some images of {escape(record.name)}" style="width:100%">')


def _thumbnails(record: DatasetRecord) -> bytes:
    """One sheet with images from all over the dataset."""

    def drawn() -> bytes:
        from app.figures.strip import strip

        opened = resources.dataset(record.dataset_id)
        count = min(THUMBNAILS, record.size)
        places = [i * (record.size - 1) // max(count - 1, 1) for i in range(count)]
        return strip([opened.thumbnail(i, SIDE + SIDE // 2) for i in places], SIDE, THUMBNAILS)

    return resources.sprites().made(f"strip:{record.dataset_id}", drawn)


def _skipped(record: DatasetRecord) -> None:
    if not record.skipped:
        return
    with st.expander(words.plural(record.skipped, "file was", "files were") + " skipped", icon=":material/block:"):
        names, reasons = zip(*record.skipped_examples, strict=True)
        st.dataframe({"File": names, "Why": reasons}, hide_index=True, height=240)
        if record.skipped > len(names):
            st.caption(f"The first {len(names)} of {record.skipped:,}.")


def _counts(record: DatasetRecord) -> None:
    from app.figures.class_counts import class_counts

    counts = resources.store().class_counts(record.dataset_id)
    st.markdown("**Images of each class**")
    figure = class_counts(counts, record.class_names)
    few = len(record.class_names) <= MOST_BARS
    with st.container(height="content" if few else TALL, border=False):
        st.plotly_chart(figure, config=_CHART, key=f"counts.{record.dataset_id[:SHORT]}")


def _passes(record: DatasetRecord) -> None:
    found = resources.store().passes(dataset_id=record.dataset_id)
    if not found:
        return
    st.markdown("**What models said of it**")
    for p in found:
        row = st.container(horizontal=True, vertical_alignment="center", gap="medium")
        right = "no class in common" if p.accuracy is None else f"{p.accuracy:.2%} right"
        row.markdown(f"**{plain(p.model_name)}**", width=240)
        row.markdown(plain(right), width=150)
        how = f"{words.plural(p.samples, 'image')} in {words.seconds(p.seconds)} on {p.device}"
        row.caption(plain(f"{how}, {words.when(p.computed_at)}"), width="stretch")
        query = {"dataset": record.dataset_id[:SHORT], "model": p.pass_id[:SHORT]}
        with row:
            frame.link("samples", "Browse", ":material/grid_view:", **query)
