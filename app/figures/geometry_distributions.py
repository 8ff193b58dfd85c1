"""How a number of samples is spread in each class: quantiles as bars of three widths, or as bands over many classes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

INK = {False: "#1D2A2B", True: "#E6EAE8"}  # on a light, on a dark page
TEAL = "#0B6E69"
FEW = 40  # classes of which each has a line of its own
LONGEST = 20


def by_class(
    quantiles: np.ndarray,
    names: Sequence[str],
    classes: Sequence[int],
    *,
    title: str,
    height: int = 340,
    dark: bool = False,
) -> go.Figure:
    """quantiles (K, 5): 5, 25, 50, 75, 95 % of each class; a click gives its class."""
    colour = "#3FA8A0" if dark else TEAL
    figure = go.Figure()
    said = [_said(name, q) for name, q in zip(names, quantiles, strict=True)]
    if len(names) <= FEW:
        _lines(figure, quantiles, colour)
        axes: dict[str, Any] = {
            "yaxis": {"range": [len(names) - 0.5, -0.5], "tickvals": list(range(len(names))), "showgrid": False,
                      "ticktext": [_short(n) for n in names], "tickfont": {"size": 10}, "zeroline": False},
            "xaxis": {"title": {"text": escape(title), "font": {"size": 11}}, "tickfont": {"size": 10},
                      "zeroline": False},
        }  # fmt: skip
        x, y = quantiles[:, 2], np.arange(len(names))
        symbol = {"size": 8, "symbol": "line-ns-open", "line": {"width": 2.4}}
    else:
        _bands(figure, quantiles, colour)
        axes = {
            "xaxis": {"title": {"text": f"{len(names):,} classes in their order", "font": {"size": 11}},
                      "showgrid": False, "zeroline": False, "tickfont": {"size": 10}, "showticklabels": False},
            "yaxis": {"title": {"text": escape(title), "font": {"size": 11}}, "tickfont": {"size": 10},
                      "zeroline": False},
        }  # fmt: skip
        x, y = np.arange(len(names)), quantiles[:, 2]
        symbol = {"size": 4}
    steady = {"marker": {"opacity": 1}}
    figure.add_scatter(
        x=x, y=y, mode="markers", marker={"color": INK[dark] if len(names) <= FEW else colour, **symbol},
        customdata=[[int(c)] for c in classes], text=said, hovertemplate="%{text}<extra></extra>",
        selected=steady, unselected=steady, name="median",
    )  # fmt: skip
    return figure.update_layout(
        height=height, margin={"l": 6, "r": 10, "t": 6, "b": 6}, showlegend=False, hovermode="closest",
        clickmode="event+select", dragmode=False if len(names) <= FEW else "zoom", hoverlabel={"align": "left"}, **axes,
    )  # fmt: skip


def _lines(figure: go.Figure, quantiles: np.ndarray, colour: str) -> None:
    """From 5 to 95 % thin, from 25 to 75 % wide."""
    for low, high, width, opacity in ((0, 4, 2, 0.55), (1, 3, 9, 0.45)):
        gaps = np.full(len(quantiles), np.nan)
        x = np.stack([quantiles[:, low], quantiles[:, high], gaps], axis=1).ravel()
        y = np.stack([np.arange(len(quantiles), dtype=float)] * 2 + [gaps], axis=1).ravel()
        figure.add_scatter(x=x, y=y, mode="lines", line={"color": colour, "width": width}, opacity=opacity,
                           hoverinfo="skip", name=f"{low}")  # fmt: skip


def _bands(figure: go.Figure, quantiles: np.ndarray, colour: str) -> None:
    x = np.arange(len(quantiles))
    r, g, b = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    for low, high, opacity in ((0, 4, 0.18), (1, 3, 0.3)):
        figure.add_scatter(x=x, y=quantiles[:, low], mode="lines", line={"width": 0}, hoverinfo="skip", name="low")
        figure.add_scatter(x=x, y=quantiles[:, high], mode="lines", line={"width": 0}, fill="tonexty",
                           fillcolor=f"rgba({r},{g},{b},{opacity})", hoverinfo="skip", name="high")  # fmt: skip


def _said(name: str, quantiles: np.ndarray) -> str:
    low, lower, middle, upper, high = (f"{q:.3g}" for q in quantiles)
    return f"<b>{escape(name)}</b><br>median {middle}<br>half within {lower} and {upper}<br>9 of 10 in {low} to {high}"


def _short(name: str) -> str:
    return escape(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…")
