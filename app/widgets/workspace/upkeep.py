"""Check, compact, export, import: each a job, and what it said stays until the next."""

from __future__ import annotations

import shutil
import uuid
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import streamlit as st

from analysis.engine.jobs import Job
from analysis.errors import BadArchive
from analysis.types import Report
from app import resources, words
from app.boundary import boundary, guarded, plain
from app.settings import short
from app.widgets.progress import settled, watch

CHECK, COMPACT, EXPORT, IMPORT = "store.check", "store.compact", "store.export", "store.import"
TITLES = {
    CHECK: "Checking the store",
    COMPACT: "Compacting the store",
    EXPORT: "Exporting the tables",
    IMPORT: "Importing tables",
}
LARGE = 200 * 10**6
"""Bytes that a browser is not asked to take: they stay on the server."""


def row() -> None:
    """The buttons, and beneath them what the last of each said."""
    line = st.container(horizontal=True, vertical_alignment="center")
    ways: dict[str, tuple[str, str, Callable[[Report], object]]] = {
        CHECK: ("Check", ":material/fact_check:", _check),
        COMPACT: ("Compact", ":material/compress:", _compact),
        EXPORT: ("Export all tables", ":material/file_export:", _export),
    }
    for key, (label, icon, function) in ways.items():
        line.button(label, icon=icon, key=f"workspace.{key}", on_click=guarded(_start), args=(key, function))
    with line, st.popover("Import tables", icon=":material/file_open:"), boundary():
        _importing()
    found = [job for key in TITLES if (job := resources.jobs().get(key)) is not None]
    settled(found)
    if active := [job.key for job in found if job.active]:
        watch(resources.jobs(), active)
    for job in found:
        if not job.active:
            _said(job)


def _start(key: str, function: Callable[[Report], object]) -> None:
    for other in TITLES:
        resources.jobs().forget(other)
    resources.jobs().submit(key, TITLES[key], function, lane="io")


def _said(job: Job) -> None:
    """How it ended."""
    if job.error is not None:
        st.error(plain(str(job.error)), icon=":material/info:")
    elif job.key == CHECK and job.result:
        st.warning("  \n".join(plain(problem) for problem in job.result), icon=":material/report:")
    elif job.key == CHECK:
        st.success("All rows have their files, and all counts agree.", icon=":material/check_circle:")
    elif job.key == EXPORT and isinstance(job.result, Path):
        _exported(job.result)
    elif job.result is not None:
        st.success(plain(str(job.result)), icon=":material/check_circle:")


def _check(report: Report) -> list[str]:
    report(0.0, "comparing rows with files")
    return list(resources.store().check())


def _compact(report: Report) -> str:
    store = resources.store()
    report(0.0, "removing what nothing refers to")
    before = store.size_bytes()
    removed = store.compact()
    return f"{words.plural(removed, 'file')} removed, {words.size(max(before - store.size_bytes(), 0))} freed."


def _export(report: Report) -> Path:
    """Parquet a table in one zip, under `<workspace>/exports`."""
    folder = resources.settings().exports
    folder.mkdir(parents=True, exist_ok=True)
    tables = folder / f".{uuid.uuid4().hex}.part"
    target = folder / f"tables-{datetime.now().astimezone():%Y%m%d-%H%M%S}.zip"
    try:
        report(0.0, "writing the tables")
        resources.store().export_to(tables)
        report(0.6, "packing")
        packed = tables.with_suffix(".zip")
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:  # Parquet is compressed already
            for path in sorted(tables.iterdir()):
                archive.write(path, path.name)
        packed.replace(target)
    finally:
        shutil.rmtree(tables, ignore_errors=True)
    return target


def _exported(path: Path) -> None:
    if not path.is_file():
        return
    size = path.stat().st_size
    line = st.container(horizontal=True, vertical_alignment="center")
    line.success(plain(f"{short(path)}, {words.size(size)}"), icon=":material/check_circle:", width="stretch")
    if size <= LARGE:
        line.download_button("Download", path.read_bytes, path.name, "application/zip", icon=":material/download:")


def _importing() -> None:
    st.markdown("Take in tables that were exported: the zip, or the folder of `cutaway store export`, on this server.")
    st.markdown("What is here already stays.")
    text = st.text_input("Zip or folder", key="workspace.tables", placeholder=short(resources.settings().exports))
    if st.button("Import", type="primary", key=f"workspace.{IMPORT}") and text.strip():
        given = resources.settings().readable(text)
        _start(IMPORT, lambda report: _take(given, report))
        st.rerun()


def _take(given: Path, report: Report) -> str:
    """From a folder as it is, from a zip through a folder of ours."""
    report(0.0, "reading the tables")
    if given.is_dir():
        resources.store().import_from(given)
        return "The tables are imported."
    tables = resources.settings().exports / f".{uuid.uuid4().hex}.part"
    tables.mkdir(parents=True)
    try:
        with zipfile.ZipFile(given) as archive:
            for name in archive.namelist():
                if name == Path(name).name:  # as we write them: no folders, no ways out
                    archive.extract(name, tables)
        resources.store().import_from(tables)
    except zipfile.BadZipFile as error:
        raise BadArchive(
            f"'{given.name}' is no zip of exported tables. Choose what 'Export all tables' wrote."
        ) from error
    finally:
        shutil.rmtree(tables, ignore_errors=True)
    return "The tables are imported."
