"""The dialog that adds a classifier: a published one by name, or a file of weights."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from analysis.types import Report
from app import resources, session
from app.boundary import boundary
from app.widgets.preprocessing import preprocessing

if TYPE_CHECKING:
    from models.preprocessing import Preprocessing

PUBLISHED, FILE = "Published weights", "A file of mine"
MEGABYTES = 2000


@st.dialog("Add a classifier", width="medium")
def add_classifier() -> None:
    """Published weights are fetched when first used; a file is checked and kept in the workspace."""
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
    label = "timm or torchvision name"
    name = st.selectbox(label, names, index=None, accept_new_options=True, placeholder="timm/resnet18.a1_in1k")
    st.caption("The weights come over the network the first time, and stay on this machine.")
    if st.button("Add", type="primary", disabled=not name, key="add.published") and name:
        _choose(registry.resolve(name) if "/" not in name else name)


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
    suggested = Path(weights.name).stem if weights else ""
    name = st.text_input("Name", value=suggested, key=f"add.name.{suggested}", max_chars=64)
    with st.expander("Preprocessing", icon=":material/crop:"):
        prepared = preprocessing(architecture)
    if st.button("Import", type="primary", disabled=not (weights and name), key="add.file") and weights:
        _import(weights, classes, architecture, name, prepared)


def _import(
    weights: UploadedFile, classes: UploadedFile | None, architecture: str, name: str, prepared: Preprocessing | None
) -> None:
    """Check and keep the file in the loading lane; the dialog waits."""
    folder = resources.settings().imported_models

    def keep(report: Report) -> None:
        from models import catalogue

        report(0.0, "checking the file")
        with tempfile.TemporaryDirectory() as temporary:
            file = _written(weights, Path(temporary, "weights"))
            listed = _written(classes, Path(temporary, "classes")) if classes else None
            catalogue.import_model(
                file, architecture=architecture, classes=listed, name=name, folder=folder, preprocessing=prepared
            )

    with st.spinner("Checking the file"):
        resources.loading().submit(f"import:{name}", f"Importing {name}", keep).outcome()
    _choose(name)


def _written(file: UploadedFile, stem: Path) -> Path:
    """The upload as a file of our own naming: only the suffix is the user's."""
    path = stem.with_suffix(Path(file.name).suffix.lower())
    path.write_bytes(file.getvalue())
    return path


def _choose(name: str) -> None:
    session.change(classifiers=(name,), taps=(), targets=())
    st.rerun()
