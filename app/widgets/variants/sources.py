"""What the page is about: a base, and the variants on show; one choice for all tabs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from app import families, resources
from app.boundary import guarded
from app.variants_choice import MOST_CHOSEN, PAGE, Choice

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member

FIRST = "shapes-cnn"
_BASE = "The model that is pruned, and that its variants are compared with. A variant can be pruned on."
_SHOWN = "Compared in all tabs. Rows of Family and points of Trade-off change this too."


def known() -> list[Member]:
    """All bundled and imported models, as cards and store tell of them."""
    from analysis.pipelines.variants import members

    return members(resources.store(), resources.settings().imported_models)


def section(choice: Choice, found: Sequence[Member]) -> Choice:
    """Draw both choices; the choice that they show, neither empty where there is something to choose."""
    base = _base(choice, found)
    return replace(choice, base=base, chosen=_chosen(replace(choice, base=base), found))


def _base(choice: Choice, found: Sequence[Member]) -> str:
    """Founders of families first, then variants."""
    first = families.founders(found)
    options = [*first, *(m.name for m in found if m.name not in first)]
    usual = FIRST if FIRST in options else options[0]
    key = PAGE.seed("base", choice.base if choice.base in options else usual, options)
    return st.selectbox("Base", options, key=key, on_change=guarded(_other), args=(key,), help=_BASE) or usual


def _other(key: str) -> None:
    """Another base: its own family comes on show."""
    PAGE.change(base=st.session_state[key], chosen=(), model="", layer="")


def _chosen(choice: Choice, found: Sequence[Member]) -> tuple[str, ...]:
    names = {m.name for m in found}
    line = [m.name for m in families.line(families.founder(choice.base, found), found)]
    wanted = [name for name in choice.chosen if name in names]
    options = list(dict.fromkeys([*line, *wanted]))
    wanted = wanted or list(families.first_choice(choice.base, found, MOST_CHOSEN))
    if len(options) <= 1:
        st.caption("This model has no variants yet. Make some under Build.")
        return tuple(wanted)
    key = PAGE.seed("chosen", wanted, (choice.base, options))
    shown = st.multiselect(
        "On show",
        options,
        key=key,
        max_selections=MOST_CHOSEN,
        help=_SHOWN,
        placeholder="Choose variants",
        format_func=lambda name: name.removeprefix(f"{choice.base}-"),
        on_change=guarded(PAGE.anew),
        args=("table", "tree"),
    )
    return tuple(shown)
