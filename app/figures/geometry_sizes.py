"""A length of each class against how many samples it has, with what theory says of such sizes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

SEEN, TOLD = {False: "#0B6E69", True: "#3FA8A0"}, {False: "#C2571A", True: "#E08A4F"}  # on a light, on a dark page


def by_size(
    counts: np.ndarray,
    lengths: np.ndarray,
    predicted: np.ndarray | None,
    names: Sequence[str],
    classes: Sequence[int],
    *,
    title: str,
    height: int = 300,
    dark: bool = False,
) -> go.Figure:
    """counts, lengths, predicted (K,); a click gives its class."""
    figure = go.Figure()
    if predicted is not None:
        order = np.argsort(counts, kind="stable")
        figure.add_scatter(
            x=counts[order], y=predicted[order], mode="lines", line={"color": TOLD[dark], "width": 2},
            name="predicted, fitted to the weights", hoverinfo="skip",
        )  # fmt: skip
    steady = {"marker": {"opacity": 0.85}}
    figure.add_scatter(
        x=counts, y=lengths, mode="markers", marker={"color": SEEN[dark], "size": 8 if len(counts) <= 40 else 5,
                                                     "opacity": 0.85},
        customdata=[[int(c)] for c in classes], text=[escape(name) for name in names], name="each class",
        hovertemplate="%{text}<br>%{x:,} samples · length %{y:.3g}<extra></extra>", selected=steady, unselected=steady,
    )  # fmt: skip
    axis: dict[str, Any] = {"tickfont": {"size": 10}, "zeroline": False}
    return figure.update_layout(
        height=height, margin={"l": 6, "r": 10, "t": 22, "b": 6}, hovermode="closest", clickmode="event+select",
        dragmode=False, hoverlabel={"align": "left"},
        xaxis={**axis, "title": {"text": "Samples of the class", "font": {"size": 11}}, "rangemode": "tozero"},
        yaxis={**axis, "title": {"text": escape(title), "font": {"size": 11}}, "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "font": {"size": 11}, "itemclick": False,
                "itemdoubleclick": False},
    )  # fmt: skip
