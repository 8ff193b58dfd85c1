"""Length against angle of samples; and a picture's angles to classes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

RIGHT, WRONG, UNKNOWN = "#0B6E69", "#C2571A", "#7C8688"
LIGHT_RIGHT = "#3FA8A0"
LONGEST = 22


def sphere(
    angles: np.ndarray,
    lengths: np.ndarray,
    correct: np.ndarray,
    samples: np.ndarray,
    words: Sequence[str],
    *,
    chosen: np.ndarray | None = None,
    angle: str = "Angle to the own class's weights, degrees",
    height: int = 340,
    dark: bool = False,
) -> go.Figure:
    """All (n,): correct 1, 0 or nan; chosen: which are selected, None where all are. A click gives its sample."""
    figure = go.Figure()
    groups = (
        ("right", correct == 1, LIGHT_RIGHT if dark else RIGHT, "circle"),
        ("wrong", correct == 0, "#E08A4F" if dark else WRONG, "x"),
        ("not known", ~np.isfinite(correct), UNKNOWN, "circle-open"),
    )
    bright = np.ones(len(samples), bool) if chosen is None else chosen
    for name, those, colour, symbol in groups:
        if not those.any():
            continue
        opacity = np.where(bright[those], 0.7 if name == "right" else 0.8, 0.1)
        steady = {"marker": {}}
        told = [escape(word) for word, there in zip(words, those, strict=True) if there]
        figure.add_scattergl(
            x=angles[those].astype(np.float32), y=lengths[those].astype(np.float32), mode="markers", name=name,
            marker={"color": colour, "size": 4.5 if name == "right" else 5, "symbol": symbol, "opacity": opacity},
            customdata=samples[those].astype(np.int32)[:, None], text=told,
            hovertemplate="%{text}<br>%{x:.1f}° · length %{y:.3g}<extra></extra>", selected=steady, unselected=steady,
        )  # fmt: skip
    axis: dict[str, Any] = {"tickfont": {"size": 10}, "zeroline": False}
    return figure.update_layout(
        height=height, margin={"l": 6, "r": 6, "t": 22, "b": 6}, hovermode="closest", clickmode="event+select",
        dragmode="lasso", hoverlabel={"align": "left"},
        xaxis={**axis, "title": {"text": angle, "font": {"size": 11}}},
        yaxis={**axis, "title": {"text": "Length of the features", "font": {"size": 11}}},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "font": {"size": 11}, "itemclick": False,
                "itemdoubleclick": False},
    )  # fmt: skip


def towards(
    names: Sequence[str],
    weights: np.ndarray | None,
    means: np.ndarray,
    *,
    answer: int = 0,
    height: int = 220,
    dark: bool = False,
) -> go.Figure:
    """A picture's angles to K classes, degrees: to their weights, and to their means; nan where there is none.

    answer: the place of the class that the network says, marked by its colour.
    """
    figure = go.Figure()
    places = np.arange(len(names))
    ink = "#E6EAE8" if dark else "#1D2A2B"
    for name, values, symbol, colour in (
        ("to the weights", weights, "circle", LIGHT_RIGHT if dark else RIGHT),
        ("to the mean", means, "diamond-open", "#E08A4F" if dark else WRONG),
    ):
        if values is None or not np.isfinite(values).any():
            continue
        figure.add_scatter(
            x=values, y=places, mode="markers", name=name, marker={"symbol": symbol, "color": colour, "size": 9},
            text=[escape(n) for n in names], hovertemplate="%{text}<br>%{x:.1f}° " + name + "<extra></extra>",
        )  # fmt: skip
    shown = [escape(n if len(n) <= LONGEST else f"{n[: LONGEST - 1]}…") for n in names]
    shown = [f"<b>{n}</b>" if i == answer else n for i, n in enumerate(shown)]
    figure.add_vline(x=90, line={"color": ink, "width": 1, "dash": "dot"}, opacity=0.5)
    return figure.update_layout(
        height=height, showlegend=True, margin={"l": 6, "r": 6, "t": 22, "b": 6}, hovermode="closest", dragmode=False,
        xaxis={"title": {"text": "Angle, degrees", "font": {"size": 11}}, "tickfont": {"size": 10}, "zeroline": False,
               "fixedrange": True},
        yaxis={"range": [len(names) - 0.5, -0.5], "tickvals": places.tolist(), "ticktext": shown, "zeroline": False,
               "tickfont": {"size": 10}, "fixedrange": True, "automargin": True},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "font": {"size": 11}, "itemclick": False,
                "itemdoubleclick": False},
    )  # fmt: skip
