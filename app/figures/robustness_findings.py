"""The numbers behind a finding: a dot with its interval for each, those that the claim is about in colour."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.robustness.evidence import Bar

INK = {False: "#1D2A2B", True: "#E6EAE8"}  # on a light, on a dark page
GRID = {False: "rgba(29,42,43,0.10)", True: "rgba(230,234,232,0.13)"}
MARKED, OTHER = "#C2571A", "#7C8688"
ROW_PX, ENDS_PX = 19, 44


def intervals(bars: Sequence[Bar], unit: str, *, dark: bool = False) -> go.Figure:
    """The first on top."""
    figure = go.Figure()
    for marked in (False, True):
        found = [(place, bar) for place, bar in enumerate(bars) if bar.marked == marked]
        values = np.array([bar.score.value for _, bar in found])
        spread = np.array([[b.score.high - b.score.value, b.score.value - b.score.low] for _, b in found]).reshape(
            -1, 2
        )
        spread = np.nan_to_num(spread)
        figure.add_scatter(
            x=values, y=[place for place, _ in found], mode="markers", showlegend=False,
            marker={"color": MARKED if marked else OTHER, "size": 8},
            error_x={"array": spread[:, 0], "arrayminus": spread[:, 1], "thickness": 1.4, "width": 3},
            text=[_said(bar, unit) for _, bar in found], hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    labels = [escape(bar.label) for bar in bars]
    figure.update_yaxes(tickvals=list(range(len(bars))), ticktext=labels, autorange="reversed", gridcolor=GRID[dark])
    figure.update_xaxes(title=escape(unit), gridcolor=GRID[dark], zerolinecolor=INK[dark], zerolinewidth=1)
    return figure.update_layout(
        height=ENDS_PX + ROW_PX * len(bars), margin={"l": 8, "r": 8, "t": 4, "b": 4}, dragmode=False,
        font={"color": INK[dark], "size": 11}, hovermode="closest",
    )  # fmt: skip


def _said(bar: Bar, unit: str) -> str:
    score = bar.score
    within = f"<br>{score.low:.4g} to {score.high:.4g} (95 %)" if np.isfinite(score.low) else ""
    return f"<b>{escape(bar.label)}</b><br>{score.value:.4g} {escape(unit)}{within}"
