"""Cards of methods in groups, several of which are chosen by a click; Streamlit has no cards that can be clicked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from app.boundary import guarded
from app.widgets.component import component, source

_CARDS = component("methodcards", source("methodcards", "methodcards.css"), source("methodcards", "methodcards.js"))


@dataclass(frozen=True, slots=True)
class MethodCard:
    """What is said of one method."""

    name: str
    label: str
    what: str  # one line
    needs: tuple[str, ...]  # a few words each
    paper: str
    chosen: bool = False
    against: str = ""  # why it cannot serve


@dataclass(frozen=True, slots=True)
class CardGroup:
    """Cards under one heading; one group is open at a time."""

    title: str
    note: str
    cards: tuple[MethodCard, ...]


def methodcards(groups: Sequence[CardGroup], key: str, on_pick: Callable[[str], None]) -> None:
    """Show them, the group of the first chosen card open. on_pick(name): a card is chosen, or is not any more."""
    names = {card.name for group in groups for card in group.cards}

    @guarded
    def picked() -> None:
        event = getattr(st.session_state.get(key), "picked", None)
        if event and event.get("name") in names:
            on_pick(event["name"])

    _CARDS(data={"groups": [asdict(group) for group in groups]}, key=key, on_picked_change=picked)
