"""Panes, methods and conditions as people read them."""

from __future__ import annotations

from analysis.embeddings import Embedding
from analysis.passes.conditions import CLEAN
from app.embeddings_choice import Laid, Pane
from app.robustness_words import corruption

TAPS = {"penultimate": "features before the head", "logits": "logits"}


def method(name: str) -> str:
    from analysis.projections import PROJECTIONS

    return PROJECTIONS[name].label if name in PROJECTIONS else name


def tap(name: str) -> str:
    return TAPS.get(name, name) or "its last features"


def condition(name: str) -> str:
    """`fog/3` -> `fog 3`."""
    what, _, severity = name.partition("/")
    return what if not severity else f"{corruption(what)} {severity}"


def pane(shown: Pane) -> str:
    """`shapes-cnn · UMAP`, and what is not usual about it."""
    words = [shown.model or "no model", method(shown.method)]
    words += [tap(shown.tap)] if shown.tap not in ("", "penultimate") else []
    words += [condition(shown.condition)] if shown.condition != CLEAN.name else []
    return " · ".join(words)


def details(laid: Laid) -> str:
    """What the short title leaves out: parameters, dimensions, seed."""
    shown = laid.pane
    words = [tap(shown.tap)] if shown.tap else []
    words += [f"{name.replace('_', ' ')} {value}" for name, value in shown.params]
    words += ["3-D"] if shown.dims == 3 else []
    words += [f"seed {shown.seed}"] if shown.seed else []
    return " · ".join(words)


def axes(embedding: Embedding, turned: bool) -> tuple[str, ...]:
    """Of a picture that was turned onto another, axes have no meaning of their own."""
    return tuple("" for _ in embedding.axes) if turned else embedding.axes
