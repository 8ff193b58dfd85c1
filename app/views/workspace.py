"""Workspace: the data, the models, the work and the store that everything else reads from."""

from dataclasses import replace

import streamlit as st

from app import resources
from app.boundary import boundary, failed, plain
from app.widgets.workspace import datasets, importing, jobs, models, storage
from app.workspace_choice import PAGE, Tab

TABS: dict[Tab, str] = {
    "datasets": "Datasets",
    "add": "Add data",
    "models": "Models",
    "jobs": "Jobs",
    "store": "Store",
}
SECTIONS = {
    "datasets": datasets.section,
    "add": importing.section,
    "models": models.section,
    "jobs": jobs.section,
    "store": storage.section,
}


def page() -> None:
    """Draw the open tab only."""
    with boundary():
        choice = PAGE.current()
        failed()
        for warning in resources.store().warnings:
            st.warning(plain(warning))
        tabs = st.tabs(list(TABS.values()), key=PAGE.seed("tab", TABS[choice.tab]), on_change="rerun")
        for name, tab in zip(TABS, tabs, strict=True):
            if tab.open:
                choice = replace(choice, tab=name)
                with tab, boundary():
                    choice = SECTIONS[name](choice)
        PAGE.keep(choice)
