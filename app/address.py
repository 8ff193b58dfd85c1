"""What a user has chosen on a page, and the address that says it: one frozen value in two forms.

Widgets are seeded from the choice and make the next one; the address bar is its other form, so that a link opens the
same view. A page has one `Address`. This is the one place that touches `st.query_params`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

Query = Mapping[str, list[str]]
REMEMBERED = 64
"""Addresses that a session has published: one of them that comes without a step back is late."""

C = TypeVar("C")
T = TypeVar("T")


class Address(Generic[C]):
    """The choice of one page in this session. Holds no state of its own: that is the session's."""

    def __init__(self, page: str, read: Callable[[Query], C], written: Callable[[C], dict[str, list[str]]]) -> None:
        self._read, self._written = read, written
        own = f"{page}.address"  # not to be any widget's key
        self._choice, self._published, self._late = f"{own}.choice", f"{own}.published", f"{own}.late"
        self._turn, self._starts = f"{own}.turn", f"{own}.starts"
        self._widgets, self._offers, self._untold = f"{page}.w.", f"{own}.offers", f"{own}.untold"

    def current(self) -> C:
        """The choice of this session; from the address at the start and when the user goes back or forward.

        Who comes back from another page finds what was left, unless the address says something: it may be empty
        then, or still be that of the other page. Whoever is quick sends an address that the browser has not yet
        exchanged for the newest one: where it does not come by a step back, it says nothing.
        """
        query = {name: st.query_params.get_all(name) for name in st.query_params}
        known = self._choice in st.session_state
        if known and self._drawn() and query in st.session_state.get(self._late, ()) and not _goes_back():
            return st.session_state[self._choice]
        returns = known and not self._drawn() and not self._written(self._read(query))
        if not known or (query != st.session_state[self._published] and not returns):
            self.set(self._read(query))
        st.session_state[self._published] = query
        return st.session_state[self._choice]

    def set(self, choice: C) -> None:
        """A choice from elsewhere than the widgets: they are seeded anew. Before they are drawn, or in a callback."""
        st.session_state[self._choice] = choice
        st.session_state[self._turn] = st.session_state.get(self._turn, 0) + 1
        st.session_state[self._starts] = {}
        for key in self._drawn():
            del st.session_state[key]

    def change(self, **changes: Any) -> None:
        """Replace a part of the choice."""
        self.set(replace(st.session_state[self._choice], **changes))

    def amend(self, **changes: Any) -> None:
        """Replace a part of the choice from another page: only where this session has one, and it differs."""
        choice = st.session_state.get(self._choice)
        if choice is not None and any(getattr(choice, name) != value for name, value in changes.items()):
            self.change(**changes)

    def keep(self, choice: C) -> None:
        """The choice as the widgets now show it, also in the address bar."""
        st.session_state[self._choice] = choice
        st.session_state[self._untold] = set()
        query = self._written(choice)
        published = st.session_state.get(self._published, {})
        if query != published:
            before = [q for q in st.session_state.get(self._late, ()) if q != query]
            st.session_state[self._late] = [*before, published][-REMEMBERED:]
            st.query_params.from_dict(query)
            st.session_state[self._published] = query

    def seed(self, name: str, value: object, offers: object = None) -> str:
        """The key of a widget that shows a part of the choice, its value set if it is drawn anew.

        offers: what there is to choose from, as the user reads it. The browser knows the value by those words: where
        they have changed, the value is set again. It is also set again where the page was drawn anew before it came
        to its end: what such a drawing has set may never have reached the browser.
        """
        key = self._widgets + name
        told: dict[str, object] = st.session_state.setdefault(self._offers, {})
        untold: set[str] = st.session_state.setdefault(self._untold, set())
        if key not in st.session_state or told.get(name) != offers:
            st.session_state[key] = value
            untold.add(key)
        elif key in untold:
            st.session_state[key] = st.session_state[key]
        told[name] = offers
        return key

    def anew(self, *names: str) -> None:
        """Let these widgets be seeded, or start, again."""
        for name in names:
            st.session_state.pop(self._widgets + name, None)
            own = f"{self._turn}.{name}"
            st.session_state[own] = st.session_state.get(own, 0) + 1

    def start(self, name: str, value: T) -> tuple[str, T]:
        """The key and the default of a widget that may be out of sight: in a closed expander or popover.

        Such a widget is not in the browser yet: a value that the server sets is lost on it, a default is not. The
        default stays the same while it is drawn, and a choice from elsewhere makes it a new widget.
        """
        turns = (st.session_state.get(key, 0) for key in (self._turn, f"{self._turn}.{name}"))
        key = ".".join([self._widgets + name, *map(str, turns)])
        starts: dict[str, T] = st.session_state.setdefault(self._starts, {})
        if key not in st.session_state or key not in starts:
            starts[key] = value
        return key, starts[key]

    def _drawn(self) -> list[str]:
        """Widgets of this page; there are none once another page was drawn."""
        return [str(key) for key in st.session_state if str(key).startswith(self._widgets)]


def _goes_back() -> bool:
    """Whether the user went back or forward in the browser."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation
