"""Variants: make a classifier smaller, and read what that changed."""

from dataclasses import replace

import streamlit as st

from app import resources
from app.boundary import boundary, failed
from app.variants_choice import PAGE, Tab
from app.widgets.progress import watch
from app.widgets.variants import build, family, layers, side, sources, tradeoff

TABS: dict[Tab, str] = {
    "build": "Build",
    "family": "Family",
    "tradeoff": "Trade-off",
    "layers": "Layers",
    "side": "Side by side",
}
SECTIONS = {
    "build": build.section,
    "family": family.section,
    "tradeoff": tradeoff.section,
    "layers": layers.section,
    "side": side.section,
}


def page() -> None:
    """Draw the open tab only, about the models that are chosen in the sidebar."""
    with boundary():
        choice = PAGE.current()
        failed()
        if (starting := resources.engine()) is not None:
            watch(resources.loading(), [starting.key], stoppable=False)
            st.skeleton(height=420)
            return
        untouched = not choice.chosen
        with st.sidebar:
            choice = sources.section(choice, sources.known())
        offered = choice.chosen
        tabs = st.tabs(list(TABS.values()), key=PAGE.seed("tab", TABS[choice.tab]), on_change="rerun")
        for name, tab in zip(TABS, tabs, strict=True):
            if tab.open:
                choice = replace(choice, tab=name)
                with tab, boundary():
                    choice = SECTIONS[name](choice)
        if choice.tab == "build" and untouched and choice.chosen == offered:  # what is made meanwhile joins them
            choice = replace(choice, chosen=())
        PAGE.keep(choice)
