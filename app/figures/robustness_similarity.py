"""Variants, or variants under corruptions, laid out by how alike their geometry is, with the minimum spanning tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go

from app.figures.variant_colours import BASE

INK = {False: "#1D2A2B", True: "#E6EAE8"}  # on a light, on a dark page
QUIET = {False: "#6B7374", True: "#9AA5A6"}
PAPER = {False: "#FBFAF7", True: "#141A1B"}
GROUPS = {
    "clean": BASE, "noise": "#A63A5B", "blur": "#4A5FA5", "weather": "#4E8FB5", "digital": "#8A7A12",
    "other": "#7C4F9C",
}  # fmt: skip
"""Of corruptions; each at least 3:1 against both backgrounds."""

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "triangle-down", "pentagon", "x", "hexagon")


@dataclass(frozen=True, slots=True)
class Spot:
    """One point of the map, one line of the matrix, one leaf of the tree."""

    name: str
    group: str  # what its colour says
    symbol: str = SYMBOLS[0]
    words: tuple[str, ...] = ()  # what the cursor reads below the name


def similarity(
    spots: Sequence[Spot],
    positions: np.ndarray,
    edges: Sequence[tuple[int, int]],
    colours: Mapping[str, str],
    *,
    marks: Mapping[str, int] | None = None,
    dark: bool = False,
    height: int = 320,
    compact: bool = False,
) -> go.Figure:
    """Points at positions (n, 2), their tree's edges; `customdata` is a point's place. marks: "a" -> a place.

    Both axes have one scale, so that distances can be compared in all directions.
    """
    figure = go.Figure()
    _edges(figure, positions, edges, QUIET[dark])
    steady = {"marker": {"opacity": 1}}
    figure.add_scatter(
        x=positions[:, 0], y=positions[:, 1], mode="markers", name="points", showlegend=False,
        marker={"color": [colours[s.group] for s in spots], "symbol": [s.symbol for s in spots], "opacity": 1,
                "size": 10 if len(spots) <= 60 else 7, "line": {"width": 0.6, "color": PAPER[dark]}},
        customdata=[[i] for i in range(len(spots))], text=[told(s) for s in spots],
        hovertemplate="%{text}<extra></extra>", selected=steady, unselected=steady, cliponaxis=False,
    )  # fmt: skip
    _marks(figure, positions, marks or {}, INK[dark])
    for group in dict.fromkeys(s.group for s in spots):
        marker = {"color": colours[group], "size": 9}
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=escape(group), hoverinfo="skip")
    bare = {"showgrid": False, "zeroline": False, "showticklabels": False, "title": None}
    return figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, hovermode="closest", clickmode="event+select",
        dragmode="pan", hoverlabel={"align": "left"}, xaxis=bare,
        yaxis={**bare, "scaleanchor": "x", "scaleratio": 1},
        legend={"font": {"size": 10 if compact else 12}, "itemclick": False, "itemdoubleclick": False,
                "tracegroupgap": 0, "y": 1, "yanchor": "top"},
    )  # fmt: skip


def told(spot: Spot) -> str:
    """What the cursor reads."""
    return "<br>".join([f"<b>{escape(spot.name)}</b>", *map(escape, spot.words)])


def _edges(figure: go.Figure, positions: np.ndarray, edges: Sequence[tuple[int, int]], colour: str) -> None:
    if not len(edges):
        return
    ends = np.asarray(edges, dtype=int)
    gaps = np.full(len(ends), np.nan)
    x, y = (np.stack([positions[ends[:, 0], k], positions[ends[:, 1], k], gaps], axis=1).ravel() for k in (0, 1))
    line = {"color": colour, "width": 1}
    figure.add_scatter(
        x=x, y=y, mode="lines", line=line, opacity=0.6, hoverinfo="skip", showlegend=False, name="minimum spanning tree"
    )


def _marks(figure: go.Figure, positions: np.ndarray, marks: Mapping[str, int], ink: str) -> None:
    """Rings with a letter, around what is compared."""
    if not marks:
        return
    places = list(marks.values())
    figure.add_scatter(
        x=positions[places, 0], y=positions[places, 1], mode="markers+text", text=[f"<b>{m}</b>" for m in marks],
        textposition="top right", textfont={"color": ink, "size": 13}, hoverinfo="skip", showlegend=False,
        name="compared", marker={"symbol": "circle-open", "size": 17, "color": ink, "line": {"width": 1.8}},
        cliponaxis=False,
    )  # fmt: skip
