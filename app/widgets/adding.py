"""The dialog that adds a classifier: a published one by name, or a file of weights."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from analysis.types import Report
from app import resources, session
from app.boundary import boundary, guarded, plain
from app.widgets.preprocessing import preprocessing
from models.errors import CutawayError

if TYPE_CHECKING:
    from models.preprocessing import Preprocessing

PUBLISHED, FILE = "Published weights", "A file of mine"
MEGABYTES = 2000
PATIENCE = 12.0
"""Seconds that the dialog waits for published weights; a longer download goes on behind the page."""

OPEN, REFUSED = "add.open", "add.refused"


def adding() -> None:
    """Draw the button, and the dialog while it is open: a job that ends elsewhere draws the page anew around it."""
    st.button("Add a classifier", icon=":material/add:", type="tertiary", key="add", on_click=guarded(_open))
    if st.session_state.get(OPEN):
        _dialog()


def _open() -> None:
    st.session_state[OPEN] = True


def _close() -> None:
    for key in (OPEN, REFUSED):
        st.session_state.pop(key, None)


@st.dialog("Add a classifier", width="medium", on_dismiss=guarded(_close))
def _dialog() -> None:
    """Published weights are fetched now; a file is checked and kept in the workspace."""
    with boundary():
        kind = st.segmented_control("From", [PUBLISHED, FILE], default=PUBLISHED, required=True, key="add.kind")
        if kind == FILE:
            _from_file()
        else:
            _published()


def _published() -> None:
    from models.architectures import registry

    with st.spinner("Listing what there is"):
        names = [n for n in registry.architectures() if "/" in n]
    label = "timm or torchvision name; a timm name may say which weights"
    name = st.selectbox(
        label, names, index=None, accept_new_options=True, placeholder="timm/resnet18.a1_in1k", key="add.published.name"
    )
    st.caption("The weights come over the network the first time, and stay on this machine.")
    if st.button("Add", type="primary", disabled=not name, key="add.published") and name:
        _attempt(name, lambda: _fetch(name.strip()))
    _refusal(name)


def _fetch(name: str) -> str:
    """Load published weights; the name to choose."""
    from models.architectures import registry

    full = name if "/" in name else registry.resolve(name)
    with st.spinner("Fetching the weights, unless they are here already"):
        job = resources.load(full)
        if job.wait(PATIENCE):
            job.outcome()
    return full


def _from_file() -> None:
    from models.architectures import registry

    types = ["safetensors", "pt", "pth", "th", "bin"]
    weights = st.file_uploader("Weights", type=types, key="add.weights", max_upload_size=MEGABYTES)
    with st.spinner("Listing what there is"):
        names = registry.architectures()
    architecture = st.selectbox("Architecture", names, index=names.index("resnet20_cifar"), key="add.architecture")
    classes = st.file_uploader(
        "Class names, a text file with one per line or JSON", type=["txt", "json"], key="add.classes"
    )
    stem = Path(weights.name).stem[:64] if weights else ""
    name = st.text_input("Name", key="add.name", max_chars=64, placeholder=stem) or stem
    with st.expander("Preprocessing", icon=":material/crop:"):
        prepared = preprocessing(architecture)
    given = (weights and weights.file_id, classes and classes.file_id, architecture, name, prepared)
    if st.button("Import", type="primary", disabled=not weights, key="add.file") and weights:
        _attempt(given, lambda: _import(weights, classes, architecture, name, prepared))
    _refusal(given)


def _import(
    weights: UploadedFile, classes: UploadedFile | None, architecture: str, name: str, prepared: Preprocessing | None
) -> str:
    """Check and keep the file in the loading lane, while the dialog waits; the name to choose."""
    folder = resources.settings().imported_models

    def keep(report: Report) -> None:
        from models import catalogue

        report(0.0, "checking the file")
        with tempfile.TemporaryDirectory() as temporary:
            file = _written(weights, Path(temporary))
            listed = _written(classes, Path(temporary, "classes")) if classes else None
            catalogue.import_model(
                file, architecture=architecture, classes=listed, name=name, folder=folder, preprocessing=prepared
            )

    with st.spinner("Checking the file"):
        resources.loading().submit(f"import:{name}", f"Importing {name}", keep).outcome()
    return name


def _written(file: UploadedFile, folder: Path) -> Path:
    """The upload as a file whose name, which messages will say, is the user's as far as it is harmless."""
    from app.exports import safe

    folder.mkdir(exist_ok=True)
    path = folder / (safe(Path(file.name).stem) + Path(file.name).suffix.lower())
    path.write_bytes(file.getvalue())
    return path


def _attempt(given: Hashable, add: Callable[[], str]) -> None:
    """Add a classifier, choose it and close; what stands against it is kept beside what was given."""
    try:
        name = add()
    except CutawayError as error:
        st.session_state[REFUSED] = (given, str(error))
        return
    _close()
    session.change(classifiers=(name,), taps=(), targets=())
    st.rerun()


def _refusal(given: Hashable) -> None:
    """Why this could not be added, until something else is given."""
    refused, why = st.session_state.get(REFUSED, (None, ""))
    if why and refused == given:
        st.error(plain(why), icon=":material/info:")
