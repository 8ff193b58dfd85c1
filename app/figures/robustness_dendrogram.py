"""What is joined with what at which distance: a tree of clusters, leaves at the right, the root at the left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from app.figures.robustness_similarity import INK, PAPER, QUIET, Spot, told

ROOM = 11  # pixels that a leaf's name takes
LONGEST = 30  # letters of a name
FIRST, APART = 5.0, 10.0  # where scipy puts leaves


def dendrogram(
    spots: Sequence[Spot],
    brackets: tuple[np.ndarray, np.ndarray],
    order: Sequence[int],
    colours: Mapping[str, str],
    *,
    marks: Mapping[str, int] | None = None,
    dark: bool = False,
    height: int = 320,
) -> go.Figure:
    """brackets (n - 1, 4) twice: corners across the leaves, which lie at 5, 15, 25 ..., and their distances.

    order: the spots from the first leaf to the last, the first on top. Leaves are one trace whose `customdata` is a
    spot's place; they have names where there is room.
    """
    figure = go.Figure()
    gaps = np.full((len(order) - 1, 1), np.nan)
    across, up = (np.concatenate([corners, gaps], axis=1).ravel() for corners in brackets)
    figure.add_scatter(
        x=up, y=(across - FIRST) / APART, mode="lines", line={"color": QUIET[dark], "width": 1}, hoverinfo="skip",
        showlegend=False, name="tree",
    )  # fmt: skip
    letters = {place: letter for letter, place in (marks or {}).items()}
    named = (height - 40) / len(order) >= ROOM
    steady = {"marker": {"opacity": 1}}
    figure.add_scatter(
        x=[0.0] * len(order), y=list(range(len(order))), mode="markers", showlegend=False, name="leaves",
        marker={"color": [colours[spots[i].group] for i in order], "symbol": [spots[i].symbol for i in order],
                "size": 8 if named else 5, "opacity": 1, "line": {"width": 0.5, "color": PAPER[dark]}},
        customdata=[[i] for i in order], text=[told(spots[i]) for i in order],
        hovertemplate="%{text}<extra></extra>", selected=steady, unselected=steady, cliponaxis=False,
    )  # fmt: skip
    names = [_short(spots[i].name, letters.get(i, "")) for i in order]
    ticks = [y for y, i in enumerate(order) if named or i in letters]
    return figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 4, "b": 30}, hovermode="closest", clickmode="event+select",
        dragmode="pan", hoverlabel={"align": "left"}, showlegend=False,
        xaxis={"autorange": "reversed", "zeroline": False, "tickfont": {"size": 10}, "rangemode": "tozero",
               "title": {"text": "distance at which they are joined", "font": {"size": 11}, "standoff": 4}},
        yaxis={"side": "right", "range": [len(order) - 0.4, -0.6], "showgrid": False, "zeroline": False,
               "tickvals": ticks, "ticktext": [names[y] for y in ticks], "automargin": True,
               "tickfont": {"size": min(12, max(9, int((height - 40) / len(order)) - 2)), "color": INK[dark]}},
    )  # fmt: skip


def _short(name: str, letter: str) -> str:
    shown = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return f"<b>{escape(shown)} ({letter})</b>" if letter else escape(shown)
