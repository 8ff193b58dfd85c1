"""Published datasets that torchvision knows how to fetch."""

from __future__ import annotations

import streamlit as st

from app import frame
from app.boundary import plain

SPLITS = ("test", "train")


def section() -> None:
    """Choose one and a split, fetch it."""
    from analysis.datasets.torchvision_sets import NAMES, PREFIX

    left, right = st.columns([3, 2], gap="large")
    with left:
        columns = st.columns(2)
        which = columns[0].selectbox("Dataset", NAMES, key="workspace.published")
        split = columns[1].selectbox("Images", SPLITS, key="workspace.published.split")
        usual = f"{which} {split}"
        name = (st.text_input("Name", key="workspace.published.name", max_chars=80, placeholder=usual) or usual).strip()
        arguments = {"source": f"{PREFIX}{which}:{split}", "name": name}
        if st.button("Fetch and import", type="primary", key="workspace.published.do"):
            frame.submit("import", arguments, f"Importing {name}")
    with right:
        st.markdown(
            "Fetched through torchvision, over the network, the first time; kept in the workspace from then on."
        )
        st.caption(plain("Downloaded already, on this server? Import the folder by its path."))
