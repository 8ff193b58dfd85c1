"""A number of class subspaces by how many directions they have: a line a network."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np
import plotly.graph_objects as go

CHOSEN = "rgba(124,134,136,0.22)"


def by_count(
    lines: Mapping[str, np.ndarray],
    colours: Mapping[str, str],
    title: str,
    *,
    chosen: int = 0,
    levels: Mapping[str, float] | None = None,
    height: int = 260,
) -> go.Figure:
    """lines: name -> (K,) at 1 to K directions. levels: what each is compared with, dotted."""
    figure = go.Figure()
    most = max((len(values) for values in lines.values()), default=1)
    for name, values in lines.items():
        figure.add_scatter(
            x=np.arange(1, len(values) + 1), y=values, mode="lines+markers", name=escape(name),
            line={"color": colours[name], "width": 2}, marker={"size": 7},
            hovertemplate=f"<b>{escape(name)}</b><br>k = %{{x}}: %{{y:.1f}}<extra></extra>",
        )  # fmt: skip
        if levels and name in levels:
            figure.add_scatter(
                x=[1, most], y=[levels[name]] * 2, mode="lines", showlegend=False, name=f"{escape(name)} itself",
                line={"color": colours[name], "width": 1.3, "dash": "dot"},
                hovertemplate=f"<b>{escape(name)}</b> itself: %{{y:.1f}}<extra></extra>",
            )  # fmt: skip
    if 1 <= chosen <= most:
        figure.add_vline(chosen, line={"color": CHOSEN, "width": 9}, layer="below")
    axis = {"tickfont": {"size": 10}, "zeroline": False, "fixedrange": True}
    return figure.update_layout(
        height=height, margin={"l": 6, "r": 8, "t": 24, "b": 6}, dragmode=False, hovermode="closest",
        hoverlabel={"align": "left"},
        xaxis={**axis, "dtick": 1, "range": [0.7, most + 0.3], "title": {"text": "k", "font": {"size": 11}}},
        yaxis={**axis, "title": {"text": escape(title), "font": {"size": 11}}},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "font": {"size": 11}, "itemclick": False,
                "itemdoubleclick": False},
    )  # fmt: skip
