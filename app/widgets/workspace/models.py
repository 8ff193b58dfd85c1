"""The classifiers of the workspace: which there are, and all that is known of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from app import frame, measured, resources, words
from app.boundary import boundary, guarded, plain
from app.measured import Measured
from app.widgets.adding import adding
from app.widgets.progress import watch
from app.widgets.workspace import training
from app.widgets.workspace.tables import facts, picked
from app.workspace_choice import PAGE, Choice

if TYPE_CHECKING:
    from models.cards import Card

MACS = "Multiply-accumulates of one image: convolutions, matrix products and attention. FLOPs are about twice as many."
ORDER = {"bundled": 0, "imported": 1, "timm": 2, "torchvision": 3}


@dataclass(frozen=True, slots=True)
class Line:
    """One classifier of the table."""

    name: str
    architecture: str
    source: str  # bundled, imported, trained, timm, torchvision
    card: Card | None
    measured: Measured | None


def section(choice: Choice) -> Choice:
    """Draw the table, the ways to get more, and the chosen classifier."""
    if (starting := resources.engine()) is not None:
        watch(resources.loading(), [starting.key], stoppable=False)
        st.skeleton(height=300)
        return choice
    lines = _lines()
    chosen = picked([line.name for line in lines], _columns(lines), choice.model, "workspace.models", _CONFIG)
    if (job := measured.wanted([(line.name, line.card) for line in lines])) is not None:
        watch(resources.loading(), [job.key], stoppable=False)
    left, right = st.columns([1, 6])
    with left:
        adding(lambda name: PAGE.change(model=name))
    with right, boundary():
        training.section()
    with boundary():
        _detail(next(line for line in lines if line.name == chosen))
    return replace(choice, model=chosen)


def _lines() -> list[Line]:
    from models import catalogue

    folder = resources.settings().imported_models
    found = []
    for entry in [*catalogue.bundled(), *catalogue.imported(folder)]:
        card = catalogue.card(entry.name, folder)
        source = "trained here" if entry.source == "imported" and card and card.recipe else entry.source
        found.append(Line(entry.name, entry.architecture, source, card, measured.known(entry.name, card)))
    published = [m for m in resources.store().models() if m.source in ("timm", "torchvision")]
    found += [Line(m.name, m.architecture, m.source, None, measured.known(m.name, None)) for m in published]
    return list({line.name: line for line in found}.values())


_CONFIG = {
    "Model": st.column_config.TextColumn(width="medium"),
    "MACs": st.column_config.TextColumn(help=MACS),
}


def _columns(lines: Sequence[Line]) -> dict[str, list]:
    return {
        "Model": [line.name for line in lines],
        "Architecture": [line.architecture for line in lines],
        "Source": [line.source for line in lines],
        "Parameters": [words.number(line.measured.facts.parameters) if line.measured else "" for line in lines],
        "MACs": [words.number(line.measured.facts.macs) if line.measured else "" for line in lines],
        "Classes": [_classes(line) for line in lines],
        "Input": [_size(line) for line in lines],
        "Accuracy": [_accuracy(line.card.accuracy, most=2) if line.card else "" for line in lines],
    }


def _classes(line: Line) -> str:
    count = line.measured.classes if line.measured else len(line.card.class_names) if line.card else 0
    return f"{count:,}" if count else ""


def _size(line: Line) -> str:
    size = line.measured.size if line.measured else line.card.preprocessing.size if line.card else None
    return f"{size[1]} × {size[0]}" if size else ""


def _accuracy(scores: Mapping[str, float], most: int = 99) -> str:
    return " · ".join(f"{score:.1%} {where}" for where, score in list(scores.items())[:most])


def _detail(line: Line) -> None:
    _head(line)
    if line.measured is None and line.card is None:
        st.caption("Its size is known once it is loaded.")
        st.button("Load it", key=f"workspace.load.{line.name}", on_click=guarded(_load), args=(line.name,))
    if line.measured is not None:
        _numbers(line.measured)
    left, right = st.columns([3, 2], gap="large")
    with left:
        facts(_known(line))
    with right:
        if line.measured is not None:
            _taps(line.measured)


def _head(line: Line) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(f"### {plain(line.name)}", width="stretch")
    with row:
        frame.link("explain", "Explain with it", ":material/visibility:", classifier=line.name)
        with st.popover("Delete", icon=":material/delete:"):
            st.markdown(f"Delete for good: {_goes(line)}.")
            key = f"workspace.drop.{line.name}"
            st.button("Delete for good", type="primary", key=key, on_click=guarded(_delete), args=(line,))


def _goes(line: Line) -> str:
    """What deleting takes away."""
    name, said = f"**{plain(line.name)}**", "what it said of images and datasets"
    if line.source == "bundled":
        return f"{said}. {name} itself stays"
    return f"{name}, {'its weights, its card' if line.card else 'from this list'}, and {said}"


def _numbers(found: Measured) -> None:
    columns = st.columns(5)
    columns[0].metric("Parameters", words.number(found.facts.parameters), help=f"{found.facts.parameters:,}")
    columns[1].metric("MACs", words.number(found.facts.macs), help=f"{found.facts.macs:,}. {MACS}")
    columns[2].metric("Layers", found.facts.layers, help="Convolutions and linear maps")
    columns[3].metric("Input", f"{found.size[1]} × {found.size[0]}", help="Pixels, width x height")
    columns[4].metric("In memory", words.size(found.facts.size_bytes), help="Parameters and buffers")


def _known(line: Line) -> dict[str, str]:
    card, found = line.card, line.measured
    rows = {"Architecture": line.architecture, "Source": line.source}
    if card is not None:
        rows |= {
            "About": card.summary,
            "Trained on": card.data,
            "Recipe": card.recipe,
            "Made by": card.command,
            "Made with": card.made_with,
            "Accuracy": _accuracy(card.accuracy),
            "Preprocessing": _prepared(card),
            "Classes": words.first(card.class_names, 12),
            "Licence": card.licence,
            "Address": card.url,
        }
    if found is not None:
        rows |= {"Head": "linear" if found.linear_head else "not linear", "Fingerprint": found.fingerprint[:16]}
    return rows


def _prepared(card: Card) -> str:
    p = card.preprocessing
    squeezed = f"the shorter side to {p.resize}, the middle" if p.resize else "squeezed to"
    mean, std = (", ".join(f"{v:.3g}" for v in values) for values in (p.mean, p.std))
    return f"{squeezed} {p.size[1]} × {p.size[0]}, {p.interpolation}; mean {mean}; std {std}"


def _taps(found: Measured) -> None:
    st.markdown("**Places that can be read**")
    st.dataframe(
        {
            "Tap": [t.name + (" (default)" if t.name == found.default_tap else "") for t in found.taps],
            "Layout": [t.layout for t in found.taps],
            "Channels": [t.channels for t in found.taps],
            "Map": [f"{t.grid[0]} × {t.grid[1]}" if t.spatial else "" for t in found.taps],
        },
        hide_index=True,
        height=min(38 + 35 * len(found.taps), 330),
    )


def _load(name: str) -> None:
    resources.load(name)


def _delete(line: Line) -> None:
    from models import catalogue

    store = resources.store()
    if line.card is not None and line.source != "bundled":
        catalogue.remove(line.name, resources.settings().imported_models)
    for model in store.models():
        if model.name == line.name:
            store.delete_model(model.model_id)
    resources.loaded().forget(line.name)
    PAGE.change(model="")
