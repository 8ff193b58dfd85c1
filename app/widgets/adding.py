"""The dialog that adds a classifier: a published one by name, or a file of weights, uploaded or on the server."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from analysis.types import Report
from app import resources
from app.boundary import boundary, guarded, plain
from app.settings import short
from app.widgets.preprocessing import preprocessing
from models.errors import CutawayError

if TYPE_CHECKING:
    from models.preprocessing import Preprocessing

PUBLISHED, FILE, PATH = "Published weights", "A file of mine", "A path on the server"
TYPES = ["safetensors", "pt", "pth", "th", "bin"]
Added = Callable[[str], None]
"""What a page does with the name of a classifier that was added."""
MEGABYTES = 2000
PATIENCE = 12.0
"""Seconds that the dialog waits for published weights; a longer download goes on behind the page."""

OPEN, REFUSED = "add.open", "add.refused"


def adding(added: Added) -> None:
    """Draw the button, and the dialog while it is open: a job that ends elsewhere draws the page anew around it."""
    st.button("Add a classifier", icon=":material/add:", type="tertiary", key="add", on_click=guarded(_open))
    if st.session_state.get(OPEN):
        _dialog(added)


def _open() -> None:
    st.session_state[OPEN] = True


def _close() -> None:
    for key in (OPEN, REFUSED):
        st.session_state.pop(key, None)


@st.dialog("Add a classifier", width="medium", on_dismiss=guarded(_close))
def _dialog(added: Added) -> None:
    """Published weights are fetched now; a file is checked and kept in the workspace."""
    with boundary():
        kinds = [PUBLISHED, FILE, PATH]
        kind = st.segmented_control("From", kinds, default=PUBLISHED, required=True, key="add.kind")
        if kind == FILE:
            _uploaded(added)
        elif kind == PATH:
            _on_server(added)
        else:
            _published(added)


def _published(added: Added) -> None:
    from models.architectures import registry

    with st.spinner("Listing what there is"):
        names = [n for n in registry.architectures() if "/" in n]
    label = "timm or torchvision name; a timm name may say which weights"
    name = st.selectbox(
        label, names, index=None, accept_new_options=True, placeholder="timm/resnet18.a1_in1k", key="add.published.name"
    )
    st.caption("The weights come over the network the first time, and stay on this machine.")
    if st.button("Add", type="primary", disabled=not name, key="add.published") and name:
        _attempt(name, lambda: _fetch(name.strip()), added)
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


def _uploaded(added: Added) -> None:
    weights = st.file_uploader("Weights", type=TYPES, key="add.weights", max_upload_size=MEGABYTES)
    architecture = _architecture()
    classes = st.file_uploader(
        "Class names, a text file with one per line or JSON", type=["txt", "json"], key="add.classes"
    )
    name, prepared = _called(Path(weights.name).stem if weights else ""), _prepared(architecture)
    given = (weights and weights.file_id, classes and classes.file_id, architecture, name, prepared)

    def add() -> str:
        with tempfile.TemporaryDirectory() as temporary:
            file = _written(weights, Path(temporary)) if weights else Path()
            listed = _written(classes, Path(temporary, "classes")) if classes else None
            return _import(file, listed, architecture, name, prepared)

    if st.button("Import", type="primary", disabled=not weights, key="add.file"):
        _attempt(given, add, added)
    _refusal(given)


def _on_server(added: Added) -> None:
    settings = resources.settings()
    weights = st.text_input("File of weights", key="add.path", placeholder="checkpoints/mine.safetensors")
    architecture = _architecture()
    classes = st.text_input("File of class names, one per line or JSON", key="add.path.classes")
    st.caption("Pages may read in " + ", ".join(plain(short(root)) for root in settings.roots) + ".")
    name, prepared = _called(Path(weights).stem), _prepared(architecture)
    given = (weights, classes, architecture, name, prepared)

    def add() -> str:
        listed = settings.readable(classes) if classes.strip() else None
        return _import(settings.readable(weights), listed, architecture, name, prepared)

    if st.button("Import", type="primary", disabled=not weights.strip(), key="add.server"):
        _attempt(given, add, added)
    _refusal(given)


def _architecture() -> str:
    from models.architectures import registry

    with st.spinner("Listing what there is"):
        names = registry.architectures()
    return st.selectbox("Architecture", names, index=names.index("resnet20_cifar"), key="add.architecture")


def _called(stem: str) -> str:
    return st.text_input("Name", key="add.name", max_chars=64, placeholder=stem[:64]) or stem[:64]


def _prepared(architecture: str) -> Preprocessing | None:
    with st.expander("Preprocessing", icon=":material/crop:"):
        return preprocessing(architecture)


def _import(file: Path, classes: Path | None, architecture: str, name: str, prepared: Preprocessing | None) -> str:
    """Check and keep the file in the loading lane, while the dialog waits; the name to choose."""
    folder = resources.settings().imported_models

    def keep(report: Report) -> None:
        from models import catalogue

        report(0.0, "checking the file")
        catalogue.import_model(
            file, architecture=architecture, classes=classes, name=name, folder=folder, preprocessing=prepared
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


def _attempt(given: Hashable, add: Callable[[], str], added: Added) -> None:
    """Add a classifier, tell the page and close; what stands against it is kept beside what was given."""
    try:
        name = add()
    except CutawayError as error:
        st.session_state[REFUSED] = (given, str(error))
        return
    _close()
    added(name)
    st.rerun()


def _refusal(given: Hashable) -> None:
    """Why this could not be added, until something else is given."""
    refused, why = st.session_state.get(REFUSED, (None, ""))
    if why and refused == given:
        st.error(plain(why), icon=":material/info:")
