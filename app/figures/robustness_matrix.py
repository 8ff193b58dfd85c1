"""Distances between all pairs as a heat map, those that are alike side by side, their groups along the edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from app.figures.colours import PALETTES
from app.figures.robustness_similarity import INK, Spot

NAMED = 11  # pixels a line, from which names are written
TALL = 500  # pixels of a figure, from which names are also written below
CLICKED = 40  # lines at most whose cells can be clicked, each being a point
STRIP = 0.02  # of the figure, the colours of groups
LONGEST = 26


def matrix(
    spots: Sequence[Spot],
    distances: np.ndarray,
    order: Sequence[int],
    colours: Mapping[str, str],
    *,
    dark: bool = False,
    height: int = 320,
) -> go.Figure:
    """distances (n, n) in that order of lines; clickable cells' `customdata` is the two places.

    Names are written where a line is high enough; else the cursor reads them.
    """
    count = len(order)
    sorted_ = distances[np.ix_(order, order)]
    lines = list(range(count))
    names = [spots[i].name for i in order]
    figure = go.Figure()
    scale = [[i / 10, colour] for i, colour in enumerate(PALETTES["cividis"])]
    figure.add_heatmap(
        z=sorted_, x=lines, y=lines, colorscale=scale, zmin=0, customdata=_pairs(names) if count > CLICKED else None,
        hovertemplate="%{customdata}<br>distance %{z:.3f}<extra></extra>" if count > CLICKED else None,
        hoverinfo="skip" if count <= CLICKED else None, name="distances",
        colorbar={"title": {"text": "distance", "font": {"size": 11}}, "thickness": 10, "tickfont": {"size": 10},
                  "outlinewidth": 0},
    )  # fmt: skip
    if count <= CLICKED:
        _cells(figure, sorted_, order, names)
    _strips(figure, [colours[spots[i].group] for i in order])
    named = (height - 30) / count >= NAMED
    ticks = {
        "tickvals": lines if named else [],
        "ticktext": [_short(name) for name in names] if named else [],
        "tickfont": {"size": 11 if height >= TALL else 9, "color": INK[dark]},
    }
    common = {"showgrid": False, "zeroline": False, "domain": [0, 1 - STRIP], "automargin": True, **ticks}
    below = {"showticklabels": named and height >= TALL, "tickangle": -60}
    bare = {"showgrid": False, "zeroline": False, "showticklabels": False, "domain": [1 - 0.8 * STRIP, 1.0]}
    return figure.update_layout(
        height=height, margin={"l": 6, "r": 6, "t": 4, "b": 6}, hovermode="closest", clickmode="event+select",
        dragmode="pan", hoverlabel={"align": "left"}, showlegend=False, bargap=0,
        xaxis={"range": [-0.5, count - 0.5], **below, **common},
        yaxis={"range": [count - 0.5, -0.5], **common},
        xaxis2={"range": [0, 1], **bare}, yaxis2={"range": [0, 1], **bare},
    )  # fmt: skip


def _cells(figure: go.Figure, distances: np.ndarray, order: Sequence[int], names: Sequence[str]) -> None:
    """Points that nobody sees: a heat map cannot be clicked."""
    count = len(order)
    rows, columns = (grid.ravel().tolist() for grid in np.indices((count, count)))
    steady = {"marker": {"opacity": 0}}
    figure.add_scatter(
        x=columns, y=rows, mode="markers", name="cells", marker={"symbol": "square", "size": 8, "opacity": 0},
        customdata=[[order[r], order[c]] for r, c in zip(rows, columns, strict=True)],
        text=[
            f"{escape(names[r])}<br>{escape(names[c])}<br>distance {distances[r, c]:.3f}"
            for r, c in zip(rows, columns, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>", selected=steady, unselected=steady,
    )  # fmt: skip


def _strips(figure: go.Figure, colours: Sequence[str]) -> None:
    lines = list(range(len(colours)))
    common = {"marker": {"color": colours, "line": {"width": 0}}, "hoverinfo": "skip", "width": 1.0}
    figure.add_bar(x=lines, y=[1.0] * len(lines), yaxis="y2", **common)
    figure.add_bar(y=lines, x=[1.0] * len(lines), orientation="h", xaxis="x2", **common)


def _pairs(names: Sequence[str]) -> list[list[str]]:
    shown = [escape(name) for name in names]
    return [[f"{one}<br>{other}" for other in shown] for one in shown]


def _short(name: str) -> str:
    return escape(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…")
