"""Geometric similarity: who is alike under which corruption, as a map, a matrix and a tree; which are redundant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from analysis.sweeps import CLEAN
from app import resources
from app import robustness_words as named
from app import words as said
from app.boundary import guarded, plain
from app.figures.robustness_dendrogram import dendrogram
from app.figures.robustness_matrix import matrix
from app.figures.robustness_similarity import GROUPS, SYMBOLS, Spot, similarity
from app.figures.variant_colours import families
from app.robustness_choice import HEIGHT, PAGE, Choice, Room, Subject
from app.widgets.progress import text
from app.widgets.robustness import similarity_redundancy
from app.widgets.robustness.similarity_numbers import CELLS, CORRUPTIONS, VARIANTS, Likeness, Point, kind, likeness
from app.widgets.robustness.similarity_umap import umap

MORE = 34  # pixels: this row of panels is a little higher
CAPTION = 24
CHART = "robustness.similarity.chart"
ROLE = "robustness.similarity.role"
SHOWN = {"map": "Map", "matrix": "Matrix", "tree": "Tree", "redundancy": "Redundancy"}
HELP = (
    "Each point is a vector: angle, length and margin of every sample, standardised. Near points treat the samples "
    "alike. Lines are the minimum spanning tree. A click makes a point a or b; with a selection, distances are over "
    "the selected samples."
)
HELP_REDUNDANCY = (
    "Left, how corruptions correlate: below the diagonal the accuracies of variants, above it the change of every "
    "sample's margin from clean. Right, for every number of corruptions the subset that ranks the variants most as "
    "all of them do, with 95 % intervals over samples."
)
_CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "png", "filename": "cutaway-similarity", "scale": 2},
    "scrollZoom": True,
}


def controls(subject: Subject, room: Room) -> Choice:
    """In the title line: which sub-view, and a button that opens the rest."""
    choice = subject.choice
    shown = st.segmented_control(
        "What is shown", SHOWN, key=PAGE.seed("similarity.shown", choice.shown if choice.shown in SHOWN else "map"),
        format_func=SHOWN.__getitem__, label_visibility="collapsed", required=True,
    )  # fmt: skip
    choice = replace(choice, shown="" if shown in ("map", None) else shown)
    if choice.shown == "redundancy":
        return choice
    with st.popover(":material/tune:", help="Points, colours, layout, and what a click does"):
        return _settings(choice)


def section(subject: Subject, room: Room) -> Choice:
    """Draw it; the choice that it shows."""
    choice = subject.choice
    if room == "large":
        st.caption(HELP_REDUNDANCY if choice.shown == "redundancy" else HELP)
    if (starting := resources.engine()) is not None:
        if starting.error is not None:
            raise starting.error
        st.skeleton(height=HEIGHT[room] - CAPTION)
        _follow()
        return choice
    if choice.shown == "redundancy":
        similarity_redundancy.section(subject, HEIGHT[room] + MORE)
        return choice
    found = likeness(subject)
    if len(found.points) < 2:
        st.info(_too_few(subject), icon=":material/info:")
        return choice
    _plot(subject, found, room)
    return choice


def _settings(choice: Choice) -> Choice:
    """In a popover: what is set there must be a default."""
    asked = {
        "points": ("Points", {"cells": "Both", VARIANTS: "Variants", CORRUPTIONS: "Corruptions"}, choice.points),
        "colour": ("Colour by", {"variant": "Method of pruning", "corruption": "Corruption"}, choice.colour),
        "projection": ("Layout of the map", {"mds": "MDS", "umap": "UMAP"}, choice.projection),
    }
    chosen = {}
    for name, (label, options, value) in asked.items():
        usual = next(iter(options))
        key, start = PAGE.start(f"similarity.{name}", value if value in options else usual)
        picked = st.segmented_control(
            label, options, key=key, default=start, format_func=options.__getitem__, required=True
        )
        chosen[name] = "" if picked in (usual, None) else picked
    key, start = PAGE.start("similarity.role", st.session_state.get(ROLE, "a"))
    role = st.segmented_control("A click makes a point", ("a", "b"), key=key, default=start, required=True)
    st.session_state[ROLE] = role or "a"
    return replace(choice, **chosen)


def _plot(subject: Subject, found: Likeness, room: Room) -> None:
    spots, colours = _spots(subject, found)
    marks = _marks(subject, found)
    dark, height = st.context.theme.type == "dark", HEIGHT[room] + MORE - CAPTION
    shown, told = subject.choice.shown or "map", _told(subject, found)
    if shown == "matrix":
        figure = matrix(spots, found.apart, found.tree.leaves.tolist(), colours, dark=dark, height=height)
    elif shown == "tree":
        figure = _tree(found, spots, colours, marks, dark, height, room)
    else:
        positions, words = _positions(subject, found)
        told = f"{words} · {told}"
        figure = similarity(
            spots, positions, found.edges.tolist(), colours, marks=marks, dark=dark, height=height,
            compact=room == "small",
        )  # fmt: skip
    st.plotly_chart(
        figure, key=f"{CHART}.{shown}", selection_mode="points", config=_CONFIG,
        on_select=guarded(partial(_picked, f"{CHART}.{shown}", found.points, subject)),
    )  # fmt: skip
    st.caption(plain(told))


def _tree(
    found: Likeness,
    spots: list[Spot],
    colours: Mapping[str, str],
    marks: Mapping[str, int],
    dark: bool,
    height: int,
    room: Room,
) -> go.Figure:
    """Alone on the page it is as high as its names need, up to a hundred of them."""
    if room == "large" and len(spots) <= 100:
        height = max(height, 60 + 15 * len(spots))
    brackets = (found.tree.x, found.tree.y)
    return dendrogram(spots, brackets, found.tree.leaves.tolist(), colours, marks=marks, dark=dark, height=height)


def _positions(subject: Subject, found: Likeness) -> tuple[np.ndarray, str]:
    """Where the points lie, and how that came about; MDS until UMAP is there."""
    if subject.choice.projection == "umap":
        laid, why = umap(subject, found)
        if laid is not None:
            return laid, "UMAP: only nearness means something"
        return found.layout.points, f"MDS. {why}"
    return found.layout.points, f"MDS, stress {found.layout.stress:.2f}"


def _spots(subject: Subject, found: Likeness) -> tuple[list[Spot], dict[str, str]]:
    """Names and colours: by method in the colours of the whole page, or by the corruptions' groups."""
    by_corruption = kind(subject) == CORRUPTIONS or (kind(subject) == CELLS and subject.choice.colour == "corruption")
    colours = dict(GROUPS)
    if not by_corruption:
        colours = {named.family_label(f): c for f, c in families(named.families(subject.sweep.members)).items()}
    apart = found.apart + np.diag(np.full(len(found.points), np.inf))
    near = apart.argmin(axis=1)
    names = [_name(subject, p) for p in found.points]
    symbols = _symbols([p.corruption if by_corruption else _sparsity(subject, p) for p in found.points])
    groups = [_group(subject, p, by_corruption) for p in found.points]
    return [
        Spot(names[i], groups[i], symbols[i], (f"nearest: {names[near[i]]}, {apart[i, near[i]]:.2f} apart",))
        for i in range(len(names))
    ], colours


def _symbols(kinds: list[str]) -> list[str]:
    order = sorted(set(kinds))
    return [SYMBOLS[order.index(k) % len(SYMBOLS)] for k in kinds]


def _sparsity(subject: Subject, point: Point) -> str:
    return f"{subject.sweep.members[point.member].sparsity or 0:.3f}"


def _group(subject: Subject, point: Point, by_corruption: bool) -> str:
    if by_corruption:
        return named.group(point.corruption)
    return named.family_label(named.family(subject.sweep.members[point.member]))


def _name(subject: Subject, point: Point) -> str:
    told = [subject.sweep.members[point.member].name] if point.member >= 0 else []
    severity = subject.choice.severity if point.corruption != CLEAN else 0
    told += [named.corruption(point.corruption) + (f" {severity}" if severity else "")] if point.corruption else []
    return " · ".join(told)


def _marks(subject: Subject, found: Likeness) -> dict[str, int]:
    """Where a and b are, as far as they are points."""
    marks: dict[str, int] = {}
    for letter, (member, condition) in (("a", subject.a), ("b", subject.b)):
        corruption = subject.sweep.conditions[condition].corruption
        for place, point in enumerate(found.points):
            if point.member in (-1, member) and point.corruption in ("", corruption):
                marks[letter] = place
    return marks if len(set(marks.values())) == len(marks) else {"a, b": marks["a"]}


def _told(subject: Subject, found: Likeness) -> str:
    of = found.found
    level = f"severity {of.severity}" if of.severity else "mean of all severities"
    told = f"{said.plural(len(found.points), 'point')} · {level} · over {said.plural(of.samples, 'sample')}"
    told += f" of {of.of:,}, evenly spaced" if of.samples < of.of else ""
    return told + (f" · {len(of.left_out):,} left out: no linear head, or no cell" if of.left_out else "")


def _too_few(subject: Subject) -> str:
    if subject.selected is not None and not len(subject.selected):
        return "No sample is selected, so there is nothing to compare by."
    if not any(subject.sweep.members[m].linear_head for m in subject.members):
        return (
            "None of the variants on show has a head that is one linear map, so there is no angle, length and margin "
            "to compare them by."
        )
    return "Likeness takes two points at least whose cells are there. Show more variants, or wait for the sweep."


def _picked(key: str, points: tuple[Point, ...], subject: Subject) -> None:
    """A point becomes a, or b; a cell of the matrix both."""
    selection = (st.session_state.get(key) or {}).get("selection") or {}
    clicked = [p["customdata"] for p in selection.get("points") or [] if p.get("customdata") is not None]
    if not clicked:
        return
    places = [points[i] for i in np.ravel(clicked[0]).astype(int).tolist() if 0 <= i < len(points)]
    roles = ("a", "b") if len(places) == 2 else (st.session_state.get(ROLE, "a"),)
    change: dict[str, str] = {}
    for role, point in zip(roles, places, strict=False):
        if point.member >= 0:
            change[role] = subject.sweep.members[point.member].name
        if point.condition >= 0:
            change["at" if role == "a" else "bt"] = subject.sweep.conditions[point.condition].name
    PAGE.change(**change)


@st.fragment(run_every=0.5)
def _follow() -> None:
    """Draw the page anew once the engine has started."""
    job = resources.engine()
    if job is None or not job.active:
        st.rerun()
    st.caption(plain(f"{text(job)} …"))
