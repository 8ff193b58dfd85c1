"""What a user has chosen on the Explain page, and the address that says it.

The choice is one frozen value. Widgets are seeded from it and make the next one; the address bar is its
other form, so that a link opens the same view. This is the one place that touches `st.query_params`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar, cast, get_args

import streamlit as st

from analysis.types import Ask, Fusion, Request

T = TypeVar("T")

CHOICE, PUBLISHED = "explain.choice", "explain.published"
TURN, STARTS = "explain.turn", "explain.starts"
MOST = 64  # of anything, from an address
WIDGETS = "explain.w."
"""Keys of widgets that show a part of the choice begin so; a choice from elsewhere seeds them anew."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Empty means: the page's default."""

    pictures: tuple[str, ...] = ()  # digests
    classifiers: tuple[str, ...] = ()
    methods: tuple[Ask, ...] = ()
    taps: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    fusion: Fusion = "none"
    augment: bool = False
    eigen_smooth: bool = False

    def request(self, methods: Iterable[Ask]) -> Request:
        """These methods, everything else as chosen."""
        taps, targets = self.taps or ("auto",), self.targets or ("predicted",)
        return Request(tuple(methods), taps, targets, self.fusion, self.augment, self.eigen_smooth)

    def to_query(self) -> dict[str, list[str]]:
        """The address: what differs from the default."""
        query = {
            "picture": list(self.pictures),
            "classifier": list(self.classifiers),
            "method": [_written(ask) for ask in self.methods],
            "tap": list(self.taps),
            "target": list(self.targets),
            "fusion": [] if self.fusion == "none" else [self.fusion],
            "augment": ["1"] if self.augment else [],
            "eigen": ["1"] if self.eigen_smooth else [],
        }
        return {name: values for name, values in query.items() if values}

    @classmethod
    def from_query(cls, query: Mapping[str, list[str]]) -> Choice:
        """What an address asks for; what it cannot mean falls back to the default."""
        fusion = (query.get("fusion") or ["none"])[0]
        query = {name: list(dict.fromkeys(values))[:MOST] for name, values in query.items()}
        return cls(
            pictures=tuple(query.get("picture", [])),
            classifiers=tuple(query.get("classifier", [])),
            methods=tuple(_read(text) for text in query.get("method", [])),
            taps=tuple(query.get("tap", [])),
            targets=tuple(query.get("target", [])),
            fusion=cast("Fusion", fusion if fusion in get_args(Fusion) else "none"),
            augment=query.get("augment") == ["1"],
            eigen_smooth=query.get("eigen") == ["1"],
        )


def _written(ask: Ask) -> str:
    """`gradcam`, or `occlusion;window=16;stride=8`."""
    return ";".join([ask.method, *(f"{name}={value}" for name, value in ask.params)])


def _read(text: str) -> Ask:
    method, *params = text.split(";")
    pairs = (param.partition("=") for param in params)
    return Ask(method, tuple((name, value) for name, _, value in pairs))


def current() -> Choice:
    """The choice of this session; taken from the address at the start and when the user goes back or forward.

    Who comes back from another page, by its name, finds what was left: Streamlit empties the address then.
    """
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    known = CHOICE in st.session_state
    returns = known and not query and not any(str(key).startswith(WIDGETS) for key in st.session_state)
    if not known or (query != st.session_state[PUBLISHED] and not returns):
        set_choice(Choice.from_query(query))
    st.session_state[PUBLISHED] = query
    return st.session_state[CHOICE]


def set_choice(choice: Choice) -> None:
    """A choice that does not come from the widgets: they are seeded anew. Before they are drawn, or in a callback."""
    st.session_state[CHOICE] = choice
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
    st.session_state[STARTS] = {}
    for key in [k for k in st.session_state if str(k).startswith(WIDGETS)]:
        del st.session_state[key]


def change(**changes: object) -> None:
    """Replace a part of the choice."""
    set_choice(replace(st.session_state.get(CHOICE, Choice()), **changes))


def keep(choice: Choice) -> None:
    """The choice as the widgets now show it, also in the address bar."""
    st.session_state[CHOICE] = choice
    query = choice.to_query()
    if query != st.session_state.get(PUBLISHED):
        st.query_params.from_dict(query)
        st.session_state[PUBLISHED] = query


def seed(name: str, value: object) -> str:
    """The key of a widget that shows a part of the choice, its value set if it is drawn anew."""
    key = WIDGETS + name
    if key not in st.session_state:
        st.session_state[key] = value
    return key


def start(name: str, value: T) -> tuple[str, T]:
    """The key and the default of a widget that shows a part of the choice where it may be out of sight.

    What lies in a closed popover or expander is not in the browser yet: a value that the server sets is lost on it,
    a default is not. The default stays the same while the widget is drawn, and a choice from elsewhere makes it a
    new widget, so that the browser does not hold on to the old value either.
    """
    key = f"{WIDGETS}{st.session_state.get(TURN, 0)}.{name}"
    starts: dict[str, T] = st.session_state.setdefault(STARTS, {})
    if key not in st.session_state or key not in starts:
        starts[key] = value
    return key, starts[key]
