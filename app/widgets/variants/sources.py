"""What the page is about: a base, and the variants on show; one choice for all tabs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from app import families, resources
from app.boundary import guarded
from app.variants_choice import MOST_CHOSEN, PAGE, Choice

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member

FIRST = "shapes-cnn"


def known() -> dict[str, Member]:
    """All bundled and imported models by name, as cards and store tell of them."""
    from analysis.pipelines.variants import members

    return families.by_name(members(resources.store(), resources.settings().imported_models))


def section(choice: Choice) -> Choice:
    """Draw both choices; the choice that they show, neither empty where there is something to choose."""
    found = known()
    base = _base(choice, found)
    return replace(choice, base=base, chosen=_chosen(replace(choice, base=base), found))


def _base(choice: Choice, found: Mapping[str, Member]) -> str:
    """Founders of families first, then variants: those can be pruned further."""
    first = families.roots(found)
    options = [*first, *(name for name in found if name not in first)]
    usual = FIRST if FIRST in options else options[0]
    key = PAGE.seed("base", choice.base if choice.base in found else usual, options)
    return st.selectbox("Base", options, key=key, on_change=guarded(_other), args=(key,), help=_BASE) or usual


_BASE = "The model that is pruned, and that its variants are compared with."
_SHOWN = "Compared in all tabs. A click on a row of Family or on a point of Trade-off changes this too."


def _other(key: str) -> None:
    """Another base: its own family comes on show."""
    PAGE.change(base=st.session_state[key], chosen=(), layer="")


def _chosen(choice: Choice, found: Mapping[str, Member]) -> tuple[str, ...]:
    line = [m.name for _, m in families.descent(families.root(choice.base, found), found)]
    options = list(dict.fromkeys([*line, *(name for name in choice.chosen if name in found)]))
    wanted = [name for name in choice.chosen if name in found]
    wanted = wanted or list(families.first_choice(choice.base, found, MOST_CHOSEN))
    if len(options) == 1:
        st.caption("It has no variants yet: make some under Build.")
        return tuple(wanted)
    key = PAGE.seed("chosen", wanted, options)
    shown = st.multiselect("On show", options, key=key, max_selections=MOST_CHOSEN, help=_SHOWN, placeholder="Choose")
    return tuple(shown)
