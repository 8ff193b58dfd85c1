"""Choosing pruning methods by their cards, and turning their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import streamlit as st

from analysis.types import Ask
from app import resources
from app.boundary import plain
from app.variants_choice import PAGE, Choice
from app.widgets.knobs import knobs
from app.widgets.methodcards import CardGroup, MethodCard, methodcards

if TYPE_CHECKING:
    from analysis.pruning.registry import PruningMethod
    from models.classifier import Classifier

TITLES = {
    "no data": ("Without images", "They look at the weights alone, and take seconds."),
    "a little data": ("With some images", "They see what the weights do on a few hundred images, and take seconds."),
    "training": ("With training", "They train what is left, and take minutes: longer the more images and epochs."),
    "channels removed": ("Channels removed", "Whole channels go, so that the network is smaller and faster, too."),
    "low rank and shared weights": (
        "Other ways to be small",
        "Neighbours of pruning: fewer dimensions, fewer different values, fewer bits.",
    ),
}
_FIRST = ("random", "global_magnitude", "layer_magnitude", "lamp")


def section(choice: Choice, classifier: Classifier) -> list[tuple[PruningMethod, Ask]]:
    """Draw the cards; the methods chosen, in their order."""
    from analysis.pruning import PRUNERS

    given = {ask.method: ask for ask in choice.pruners if ask.method in PRUNERS}
    against = {m.name: _against(m, classifier) for m in PRUNERS}
    groups, ordered = [], []
    for group in get_args(_groups()):
        methods = sorted((m for m in PRUNERS if m.group == group), key=_order)
        ordered += methods
        cards = tuple(_card(m, m.name in given, against[m.name]) for m in methods)
        if cards:
            groups.append(CardGroup(*TITLES[group], cards))
    methodcards(groups, "variants.cards", _pick)
    return [(m, given[m.name]) for m in ordered if m.name in given]


def _against(method: PruningMethod, classifier: Classifier) -> str:
    """Why it cannot serve the classifier; empty where it can. Found out once: some methods try a pass."""
    from analysis.pruning.asking import reason_against

    key = f"{method.name}.{method.version}.{classifier.fingerprint}"
    return resources.refusals().made(key, lambda: reason_against(method, classifier) or "")


def _groups() -> object:
    from analysis.pruning.registry import Group

    return Group


def _order(method: PruningMethod) -> tuple[int, str]:
    return (_FIRST.index(method.name) if method.name in _FIRST else len(_FIRST), method.label.casefold())


def _card(method: PruningMethod, chosen: bool, against: str) -> MethodCard:
    return MethodCard(method.name, method.label, method.note.reads, needs(method), method.note.paper, chosen, against)


def needs(method: PruningMethod) -> tuple[str, ...]:
    """What a method needs and gives, a few words each."""
    said = ["trains", "minutes"] if method.trains else ["reads images" if method.needs_data else "no images", "seconds"]
    if method.untrained:
        said.append("from random weights")
    if method.amount == "channels":
        said.append("faster")
    return tuple(said)


def _pick(name: str) -> None:
    choice = PAGE.current()
    left = tuple(ask for ask in choice.pruners if ask.method != name)
    PAGE.keep(replace(choice, pruners=left if len(left) < len(choice.pruners) else (*left, Ask(name))))


def parameters(asked: Sequence[tuple[PruningMethod, Ask]]) -> list[tuple[PruningMethod, Ask]]:
    """Draw the knobs of those that have some; the same with what was turned."""
    if not any(method.parameters for method, _ in asked):
        return list(asked)
    with st.expander("Parameters of the methods", icon=":material/tune:"):
        return [(method, _turned(method, dict(ask.params))) for method, ask in asked]


def _turned(method: PruningMethod, given: Mapping[str, object]) -> Ask:
    if not method.parameters:
        return Ask(method.name)
    st.markdown(f"**{plain(method.label)}**")
    return Ask(method.name, knobs(method, given, "pruner", PAGE.start, columns=2))
