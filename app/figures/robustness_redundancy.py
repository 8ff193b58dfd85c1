"""Which corruptions say the same: correlations of variants' accuracies, and how few keep the ranking of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go

from app.figures.colours import PALETTES
from app.figures.robustness_similarity import INK, QUIET

KEPT = 0.58  # of the width: the matrix
GAP = 0.12


@dataclass(frozen=True, slots=True)
class Step:
    """The best subset of one size."""

    names: tuple[str, ...]
    tau: float  # Kendall's, with the ranking by all
    low: float = float("nan")
    high: float = float("nan")


def redundancy(
    names: Sequence[str],
    above: np.ndarray,
    below: np.ndarray,
    steps: Sequence[Step],
    *,
    dark: bool = False,
    height: int = 320,
) -> go.Figure:
    """Correlations (C, C) of the corruptions named, nan where there is none: of the changes of samples above the
    diagonal, of the accuracies of variants below it; steps for 1, 2, 3 ... of them.
    """
    figure = go.Figure()
    upper = np.triu(np.ones_like(below, dtype=bool), 1)
    drawn = np.where(upper, above, below)
    known = drawn[np.isfinite(drawn)]
    least = min(float(np.floor(10 * known.min()) / 10), 0.9) if len(known) else -1.0
    what = np.where(upper, "changes of the margin", "accuracies")
    np.fill_diagonal(what, "with itself")
    figure.add_heatmap(
        z=drawn, x=list(range(len(names))), y=list(range(len(names))), zmin=least, zmax=1, name="correlations",
        colorscale=[[i / 10, colour] for i, colour in enumerate(PALETTES["cividis"])],
        customdata=[[f"{escape(one)}<br>{escape(other)}<br>{what[i, j]}" for j, other in enumerate(names)]
                    for i, one in enumerate(names)],
        hovertemplate="%{customdata}: correlation %{z:.2f}<extra></extra>",
        colorbar={"x": KEPT + 0.005, "thickness": 8, "tickfont": {"size": 9}, "outlinewidth": 0, "xanchor": "left",
                  "tickvals": [least, 1]},
    )  # fmt: skip
    _taus(figure, steps, dark)
    small = {"tickfont": {"size": 9 if height < 400 else 11, "color": INK[dark]}, "showgrid": False}
    small |= {"tickvals": list(range(len(names))), "ticktext": [escape(name) for name in names], "zeroline": False}
    figure.add_annotation(
        text="Kendall τ with the ranking by all", x=KEPT + GAP, y=1, xref="paper", yref="paper", xanchor="left",
        yanchor="bottom", showarrow=False, font={"size": 10, "color": INK[dark]},
    )  # fmt: skip
    return figure.update_layout(
        height=height, margin={"l": 6, "r": 8, "t": 18, "b": 6}, hovermode="closest", showlegend=False,
        hoverlabel={"align": "left"}, dragmode="pan",
        xaxis={"domain": [0, KEPT], "tickangle": -60, "automargin": True, "showticklabels": height >= 400, **small},
        yaxis={"autorange": "reversed", "automargin": True, **small},
        xaxis2={"domain": [KEPT + GAP, 1], "anchor": "y2", "title": {"text": "corruptions kept", "font": {"size": 11}},
                "tickfont": {"size": 10}, "zeroline": False, "rangemode": "tozero"},
        yaxis2={"anchor": "x2", "tickfont": {"size": 10}, "zeroline": False, "range": _span(steps)},
    )  # fmt: skip


def _taus(figure: go.Figure, steps: Sequence[Step], dark: bool) -> None:
    """The best of each size; its interval where there is one."""
    sizes = [len(step.names) for step in steps]
    taus = np.array([step.tau for step in steps])
    low, high = (np.array([getattr(step, side) for step in steps]) for side in ("low", "high"))
    intervals = {
        "symmetric": False, "array": np.nan_to_num(np.maximum(high - taus, 0)), "thickness": 1, "width": 0,
        "arrayminus": np.nan_to_num(np.maximum(taus - low, 0)), "color": QUIET[dark],
    }  # fmt: skip
    figure.add_scatter(
        x=sizes, y=taus, xaxis="x2", yaxis="y2", mode="lines+markers", name="tau", error_y=intervals,
        line={"color": "#0B6E69" if not dark else "#3FA8A0", "width": 2}, marker={"size": 7},
        text=["<br>".join(map(escape, step.names)) for step in steps], customdata=[[t] for t in _said(steps)],
        hovertemplate="<b>%{x} kept: τ %{customdata[0]}</b><br>%{text}<extra></extra>",
    )  # fmt: skip


def _said(steps: Sequence[Step]) -> list[str]:
    return [
        f"{s.tau:.2f}" + (f" ({s.low:.2f} to {s.high:.2f})" if np.isfinite([s.low, s.high]).all() else "")
        for s in steps
    ]


def _span(steps: Sequence[Step]) -> list[float]:
    every = [v for s in steps for v in (s.tau, s.low) if np.isfinite(v)]
    return [min([0.5, *every]) - 0.04, 1.03]
