"""How alike networks are to the first, layer by layer: a line each, intervals as bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

Line = tuple[np.ndarray, np.ndarray, np.ndarray]


def by_layer(
    lines: Mapping[str, Line],
    layers: Sequence[str],
    colours: Mapping[str, str],
    title: str,
    *,
    distance: bool = False,
    height: int = 340,
) -> go.Figure:
    """lines: name -> values, lows and highs (T,), nan where there is none. A likeness is drawn from 0 to 1."""
    figure = go.Figure()
    x = np.arange(len(layers))
    for name, (values, lows, highs) in lines.items():
        colour = colours[name]
        there = np.isfinite(lows) & np.isfinite(highs)
        if there.sum() > 1:
            figure.add_scatter(
                x=np.concatenate([x[there], x[there][::-1]]), y=np.concatenate([highs[there], lows[there][::-1]]),
                fill="toself", fillcolor=colour, opacity=0.16, line={"width": 0}, hoverinfo="skip", showlegend=False,
                mode="lines", name="interval",
            )  # fmt: skip
        figure.add_scatter(
            x=x, y=values, mode="lines+markers", name=escape(name), line={"color": colour, "width": 2},
            marker={"size": 7, "color": colour}, text=[escape(layer) for layer in layers],
            hovertemplate=f"<b>{escape(name)}</b> at %{{text}}<br>%{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    every = max(1, -(-len(layers) // 24))
    axis = {"tickfont": {"size": 10}, "zeroline": False, "fixedrange": True, "automargin": True}
    least = min((float(np.nanmin(v)) for v, *_ in lines.values() if np.isfinite(v).any()), default=0.0)
    up = {"rangemode": "tozero"} if distance else {"range": [min(0.0, least - 0.02), 1.03]}
    return figure.update_layout(
        height=height, margin={"l": 6, "r": 8, "t": 24, "b": 6}, dragmode=False, hovermode="closest",
        hoverlabel={"align": "left"}, showlegend=True,
        xaxis={**axis, "tickvals": x[::every].tolist(), "ticktext": [escape(n) for n in layers[::every]],
               "tickangle": -40 if len(layers) > 4 else 0, "showgrid": False,
               "range": [-0.4, max(len(layers) - 0.6, 0.6)]},
        yaxis={**axis, "title": {"text": escape(title), "font": {"size": 11}}, **up},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "font": {"size": 11}, "itemclick": False,
                "itemdoubleclick": False},
    )  # fmt: skip
