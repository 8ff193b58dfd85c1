"""Side by side: the same pictures before a base and its variants, and what changed most from one to the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from analysis.types import Ask
from app import families, resources
from app.boundary import guarded, plain
from app.figures.side import Cell, Column, Line
from app.tradeoffs import COSTS, WORTH, card_test_set, said, standings
from app.variants_choice import PAGE, Choice
from app.widgets import classifiers
from app.widgets.progress import settled, watch
from app.widgets.variants import side_jobs, sources
from app.widgets.variants.columns import columns
from app.widgets.variants.side_changes import changes
from app.widgets.variants.side_images import Image, images
from app.widgets.variants.side_jobs import Wanted

if TYPE_CHECKING:
    from analysis.pipelines.side_by_side import Look
    from models.classifier import Classifier

USUAL = "gradcam"
TARGETS = {"": "Its own answer", "base": "The base's answer"}
BASE_TARGET = "base"
WORTH_SAYING = 0.0005  # of zeros: fewer are a chance of rounding


def section(choice: Choice) -> Choice:
    """Draw the choices, the columns and the table; the choice that they show."""
    if not [name for name in choice.chosen if name != choice.base]:
        st.info("Choose a variant or more under 'On show' to see them beside their base.", icon=":material/info:")
        return choice
    names = [choice.base, *(name for name in choice.chosen if name != choice.base)]
    place = st.container()
    models = classifiers.ready(names)
    if not models or models[0].name != choice.base:
        return choice
    with place:
        left, right = st.columns(2)
        with left:
            choice, shown = images(choice, models)
        with right:
            choice = _choices(choice, models)
    if not shown:
        st.info("There is no picture to look at yet. Choose one.", icon=":material/image:")
        return choice
    if len(models) == len(names):
        _columns(choice, models, shown)
    changes(choice, models)
    return choice


def _choices(choice: Choice, models: Sequence[Classifier]) -> Choice:
    """Which map, and of what it speaks."""
    from analysis.attribution import METHODS
    from app.widgets.methods import reason_against_all

    words = {m.name: m.label + (" (slow)" if m.slow else "") for m in METHODS if not reason_against_all(m, models)}
    left, right = st.columns([4, 5])
    first = choice.method if choice.method in words else USUAL if USUAL in words else next(iter(words), "")
    method = left.selectbox(
        "Map", words, key=PAGE.seed("method", first, words), format_func=lambda name: words.get(name) or name
    )
    target = right.segmented_control(
        "Evidence for", TARGETS, format_func=TARGETS.__getitem__, required=True,
        key=PAGE.seed("target", BASE_TARGET if choice.target == BASE_TARGET else ""),
    )  # fmt: skip
    return replace(choice, method=method or "", target=target or "")


def _columns(choice: Choice, models: Sequence[Classifier], shown: Sequence[Image]) -> None:
    """What is known is drawn at once, the rest as it comes."""
    wanted = _wanted(choice, models, shown)
    active = side_jobs.start(_flat(wanted))
    settled(active)
    if any(None in cells for cells in wanted):  # by now the base may have said what the others are asked about
        wanted = _wanted(choice, models, shown)
        active = side_jobs.start(_flat(wanted))
        settled(active)
    if active := [job for job in active if job.active]:
        with st.bottom:
            watch(resources.jobs(), [job.key for job in active], side_jobs.stop)
    found = side_jobs.collect(_flat(wanted))
    for part, message in side_jobs.failures(_flat(wanted)):
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.warning(plain(message), icon=":material/info:")
        again = guarded(side_jobs.again)
        right.button("Try again", key=f"again.{part.key}", on_click=again, args=(part,), width="stretch")
    lines = [_line(image, cells, models, found) for image, cells in zip(shown, wanted, strict=True)]
    columns(_heads(choice, models), lines, "variants.columns")


def _wanted(choice: Choice, models: Sequence[Classifier], shown: Sequence[Image]) -> list[list[Wanted | None]]:
    """A cell a picture and model; None where it waits for what the base says."""
    from analysis.pipelines.side_by_side import Sight

    ask, found = Ask(choice.method), []
    firsts = [Wanted(models[0], Sight(image.picture, against=image.known[0]), ask) for image in shown]
    answers = side_jobs.collect(firsts)
    for image, first in zip(shown, firsts, strict=True):
        cells: list[Wanted | None] = [first]
        told = answers.get(first.key)
        for model, known in zip(models[1:], image.known[1:], strict=True):
            if choice.target != BASE_TARGET:
                cells.append(Wanted(model, Sight(image.picture, against=known), ask))
            elif told is None:
                cells.append(None)
            else:
                cells.append(Wanted(model, _sight_of(told, image, model, known), ask))
        found.append(cells)
    return found


def _sight_of(told: Look, image: Image, model: Classifier, known: int | None):
    """The base's answer as the model's class; the model's own where it has no such class."""
    from analysis.pipelines.side_by_side import Sight

    name = told.explanation.top[0].name
    if name not in model.class_names:
        return Sight(image.picture, against=known)
    index = model.class_names.index(name)
    return Sight(image.picture, str(index), index if known is None else known)


def _flat(wanted: Sequence[Sequence[Wanted | None]]) -> list[Wanted]:
    return [cell for cells in wanted for cell in cells if cell is not None]


def _line(image: Image, cells: Sequence[Wanted | None], models: Sequence[Classifier], found: dict[str, Look]) -> Line:
    drawn = []
    for cell, model in zip(cells, models, strict=True):
        drawn.append(_cell(cell, model, image, found))
    return Line(drawn, image.truth, image.known)


def _cell(cell: Wanted | None, model: Classifier, image: Image, found: dict[str, Look]) -> Cell:
    from analysis.types import Request
    from app.figures.grid import Row

    look = found.get(cell.key) if cell else None
    request = cell.request if cell else Request(())
    failed = cell is not None and look is None and any(cell in part.cells for part, _ in side_jobs.failures([cell]))
    waits = () if look or failed else ("map",)
    row = Row(image.picture, model, look.explanation if look else None, request, waits)
    return Cell(row, look.place if look else None, model.head is not None)


def _heads(choice: Choice, models: Sequence[Classifier]) -> list[Column]:
    """The names, and what is known of each in a line."""
    found = sources.known()
    by_name = families.by_name(found)
    family = [by_name[m.name] for m in models if m.name in by_name]
    known = {s.member.name: s for s in standings(family, choice.base, card_test_set(family), "")}
    heads = []
    for model in models:
        facts = []
        if standing := known.get(model.name):
            zeros, right = standing.value(COSTS["sparsity"]), standing.value(WORTH["accuracy"])
            facts += [f"{said(zeros, 'share')} zeros"] if zeros and zeros >= WORTH_SAYING else []
            facts += [f"{said(right, 'share')} right"] if right is not None else []
        name = model.name.removeprefix(f"{choice.base}-")
        heads.append(Column(name, " · ".join(facts), model.name == choice.base, model.name))
    return heads
