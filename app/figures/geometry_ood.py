"""A score of samples that a network knows and of samples that it does not: two histograms on one axis."""

from __future__ import annotations

from html import escape

import numpy as np
import plotly.graph_objects as go

KNOWN, UNKNOWN = ("#0B6E69", "#3FA8A0"), ("#C2571A", "#E08A4F")
"""On a light, on a dark page."""


def histograms(
    edges: np.ndarray,
    known: np.ndarray,
    unknown: np.ndarray,
    names: tuple[str, str],
    title: str,
    *,
    threshold: float = float("nan"),
    height: int = 300,
    dark: bool = False,
) -> go.Figure:
    """edges (B + 1,), counts (B,) each: drawn as shares of their own dataset, so that sizes do not matter."""
    figure = go.Figure()
    middles, widths = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    for counts, name, colour in ((known, names[0], KNOWN[dark]), (unknown, names[1], UNKNOWN[dark])):
        total = max(int(counts.sum()), 1)
        figure.add_bar(
            x=middles, y=100 * counts / total, width=widths, name=f"{escape(name)} · {int(counts.sum()):,}",
            marker={"color": colour, "line": {"width": 0}}, opacity=0.6, customdata=counts,
            hovertemplate=f"<b>{escape(name)}</b><br>%{{x:.4g}}: %{{customdata:,}} samples, %{{y:.1f}} %"
            "<extra></extra>",
        )  # fmt: skip
    if np.isfinite(threshold):
        figure.add_vline(
            threshold, line={"color": "#E6EAE8" if dark else "#1D2A2B", "width": 1.4, "dash": "dot"},
            annotation={"text": "95 % found", "font": {"size": 10}, "yshift": 4},
        )  # fmt: skip
    axis = {"tickfont": {"size": 10}, "zeroline": False, "fixedrange": True}
    return figure.update_layout(
        height=height, margin={"l": 6, "r": 8, "t": 26, "b": 6}, barmode="overlay", bargap=0, dragmode=False,
        hovermode="closest", hoverlabel={"align": "left"},
        xaxis={**axis, "title": {"text": escape(title), "font": {"size": 11}}, "showgrid": False},
        yaxis={**axis, "title": {"text": "% of each dataset", "font": {"size": 11}}},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "font": {"size": 11}, "itemclick": False,
                "itemdoubleclick": False},
    )  # fmt: skip
