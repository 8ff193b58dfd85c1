"""Bringing data in: an upload, a path on this server, a published set by name, or a generator."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app import frame, resources
from app.boundary import boundary, guarded, plain
from app.settings import short
from app.widgets.workspace import generating, published, running
from app.workspace_choice import PAGE, By, Choice

MEGABYTES = 500
TYPES = ["zip", "tar", "tgz", "gz", "npz", "npy", "csv", "parquet"]
WAYS: dict[By, str] = {
    "upload": "Upload",
    "path": "A path on this server",
    "name": "A published set",
    "generate": "Generate",
}
LISTED, LIST_PX, MOST_LISTED = 12, 420, 200
SHAPES = """
| Given | is read as |
|---|---|
| zip, tar | a folder for each class with its images in it; or images without classes |
| CSV, Parquet | a row for each image: a column of paths or of the files' bytes, and one of labels |
| `.npz`, `.npy` | arrays of pixels and labels |
"""


def section(choice: Choice) -> Choice:
    """Draw the ways in, and what comes in now."""
    key = PAGE.seed("by", choice.by)
    by = st.segmented_control(
        "From", WAYS, format_func=WAYS.__getitem__, key=key, required=True, label_visibility="collapsed"
    )
    with st.container():  # always there: what moves up or down would lose what somebody is typing
        running.of_kinds("import", "generate")
    draw = {"upload": _upload, "path": _path, "name": published.section, "generate": generating.section}
    with boundary():
        draw[by or "upload"]()
    return replace(choice, by=by or "upload")


def _upload() -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.file_uploader(
            "An archive, a table or arrays",
            type=TYPES,
            key="workspace.upload",
            max_upload_size=MEGABYTES,
            help=f"Up to {MEGABYTES} MB. What is larger comes in by its path on the server.",
        )
        file: UploadedFile | None = st.session_state.get("workspace.upload")
        name = _name(Path(file.name).stem if file else "", "upload")
        options = _options("upload", archive=True)
        if st.button("Import", type="primary", key="workspace.upload.do", disabled=not file) and file:
            _take_upload(file, name, options)
    with right:
        st.markdown(SHAPES)
        st.caption("What cannot be read is skipped, counted and listed. The files stay on this machine.")


def _take_upload(file: UploadedFile, name: str, options: Mapping[str, Any]) -> None:
    """Written under a name of ours, in blocks; the job removes it."""
    incoming = resources.settings().incoming
    incoming.mkdir(parents=True, exist_ok=True)
    path = incoming / f"{uuid.uuid4().hex}{_suffix(file.name)}"
    file.seek(0)
    with path.open("xb") as target:
        shutil.copyfileobj(file, target, 2**20)
    arguments = {"source": str(path), "name": name, "uploaded": True, "called": file.name, **options}
    frame.submit("import", arguments, f"Importing {name}")


def _suffix(name: str) -> str:
    """What says how to read it: `.zip`, `.tar.gz`."""
    suffixes = [s.lower() for s in Path(name).suffixes[-2:]]
    known = [s for s in suffixes if s.removeprefix(".") in TYPES]
    return "".join(known)


def _path() -> None:
    settings = resources.settings()
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.text_input("Folder or file", key="workspace.path", placeholder="photos/birds", autocomplete="off")
        text = str(st.session_state.get("workspace.path") or "")
        found = settings.readable(text) if text.strip() else None
        name = _name(found.stem if found else "", "path")
        options = _options("path", archive=False)
        if st.button("Import", type="primary", key="workspace.path.do", disabled=not found):
            frame.submit("import", {"source": str(found), "name": name, **options}, f"Importing {name}")
    with right:
        st.caption(
            "Pages may read in " + ", ".join(plain(short(root)) for root in (*settings.roots, settings.incoming)) + "."
        )
        _beside(text)


def _beside(text: str) -> None:
    """What lies where the path points, to go on from."""
    settings = resources.settings()
    with boundary():
        folder = settings.readable(text or ".")
        folder = folder if folder.is_dir() else folder.parent
        listed = sorted((p for p in folder.iterdir() if _offered(p)), key=lambda p: (p.is_file(), p.name.lower()))
        with st.container(gap=None, height=LIST_PX if len(listed) > LISTED else "content", border=False):
            if any(folder.parent.is_relative_to(root) for root in (*settings.roots, settings.incoming)):
                _step("..", folder.parent, ":material/drive_folder_upload:")
            for path in listed[:MOST_LISTED]:
                _step(path.name, path, ":material/folder:" if path.is_dir() else ":material/draft:")
            if len(listed) > MOST_LISTED:
                st.caption(f"and {len(listed) - MOST_LISTED:,} more")


def _offered(path: Path) -> bool:
    return not path.name.startswith(".") and (path.is_dir() or path.suffix.lower().removeprefix(".") in TYPES)


def _step(name: str, path: Path, icon: str) -> None:
    key = f"workspace.beside.{path}"
    st.button(plain(name), icon=icon, type="tertiary", key=key, on_click=guarded(_go), args=(path,))


def _go(path: Path) -> None:
    st.session_state["workspace.path"] = str(path)


def _name(usual: str, key: str) -> str:
    given = st.text_input(
        "Name", key=f"workspace.{key}.name", max_chars=80, placeholder=usual or "as the file is called"
    )
    return (given or usual).strip()


def _options(key: str, *, archive: bool) -> dict[str, Any]:
    """What an import may be told; empty means: found out."""
    with st.expander("Labels, masks, boxes", icon=":material/tune:"):
        column = st.text_input("Column of the labels, in a table", key=f"workspace.{key}.label", placeholder="label")
        image = st.text_input("Column of the images: paths or bytes", key=f"workspace.{key}.image", placeholder="image")
        options: dict[str, Any] = {"label_column": column.strip() or None, "image_column": image.strip() or None}
        if archive:
            st.caption("Masks and boxes that lie outside the archive come in by a path on the server.")
            return options
        for name, words in {
            "masks": "Folder of masks: PNG files called like their images",
            "boxes": "Boxes: COCO JSON, CSV, or a folder of VOC XML",
            "labels": "Labels of a lone .npy of images: another .npy",
        }.items():
            text = st.text_input(words, key=f"workspace.{key}.{name}")
            options[name] = str(resources.settings().readable(text)) if text.strip() else None
    return options
