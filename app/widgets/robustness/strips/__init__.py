"""Sheets of this page: samples with a strip of verdicts, and one image under all corruptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.boundary import guarded
from app.widgets.component import component, source

_FOLDER = "robustness/strips"
_SHARED = source("mapgrid", "elements.js") + "\n" + source(_FOLDER, "pointing.js")
_STRIPS = component("strips", source(_FOLDER, "strips.css"), _SHARED + "\n" + source(_FOLDER, "strips.js"))
_LEVELS = component("levels", source(_FOLDER, "levels.css"), _SHARED + "\n" + source(_FOLDER, "levels.js"))


def strips(data: dict[str, Any], key: str, on_pick: Callable[[int], None]) -> None:
    """Samples with their verdicts (see `samples_tiles`). on_pick(sample): a click."""

    @guarded
    def picked() -> None:
        if event := getattr(st.session_state.get(key), "picked", None):
            on_pick(int(event["sample"]))

    _STRIPS(data=data, key=key, on_picked_change=picked)


def levels(data: dict[str, Any], key: str, on_pick: Callable[[str], None]) -> None:
    """One image under many conditions (see `corruptions_sheet`). on_pick("fog/3"): a click."""

    @guarded
    def picked() -> None:
        if event := getattr(st.session_state.get(key), "picked", None):
            on_pick(str(event["condition"]))

    _LEVELS(data=data, key=key, on_picked_change=picked)
