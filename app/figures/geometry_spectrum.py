"""Eigenvalues of features and the share of variance that they hold, with estimates of dimension marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

INK = {False: "#1D2A2B", True: "#E6EAE8"}  # on a light, on a dark page
GRID = {False: "rgba(29,42,43,0.10)", True: "rgba(230,234,232,0.13)"}
SYMBOLS: Mapping[str, str] = {
    "spectrum": "line-ns",
    "participation_ratio": "circle",
    "effective_rank": "diamond",
    "stable_rank": "square",
    "twonn": "triangle-up",
    "mle": "triangle-down",
}
"""Of the measures that estimate a dimension."""

WIDE = 96
"""With more directions than this their axis is logarithmic."""

FLOOR = 1e-9
"""Eigenvalues below this share of the largest are nothing but rounding: they are not drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Of one network at one layer."""

    name: str
    colour: str
    values: np.ndarray  # (M,) the largest first
    cumulative: np.ndarray  # (M,) share of the variance
    marks: Mapping[str, tuple[str, float]] = field(default_factory=dict)  # measure -> (label, dimensions)


def spectra(shown: Sequence[Spectrum], *, dark: bool = False, height: int = 460) -> go.Figure:
    """At the left eigenvalues as shares of their sum, at the right cumulated, with marks at estimates of dimension."""
    figure = make_subplots(
        1, 2, subplot_titles=["Share of the variance, each direction", "Share of the variance, summed up"],
        horizontal_spacing=0.07,
    )  # fmt: skip
    for one in shown:
        total = float(one.values.sum())
        shares = one.values / total if total > 0 else np.full(len(one.values), np.nan)
        there = shares > FLOOR * np.nanmax(shares) if total > 0 else np.zeros(len(shares), bool)
        x = np.arange(1, len(shares) + 1)
        common = {"legendgroup": one.name, "name": escape(one.name), "line": {"color": one.colour, "width": 2}}
        figure.add_scatter(
            x=x[there], y=shares[there], mode="lines", row=1, col=1, **common,
            hovertemplate=f"<b>{escape(one.name)}</b><br>direction %{{x}}: %{{y:.3%}}<extra></extra>",
        )  # fmt: skip
        figure.add_scatter(
            x=x, y=one.cumulative, mode="lines", row=1, col=2, showlegend=False, **common,
            hovertemplate=f"<b>{escape(one.name)}</b><br>first %{{x}}: %{{y:.1%}}<extra></extra>",
        )  # fmt: skip
        _marks(figure, one, dark)
    _symbols(figure, shown, dark)
    wide = max((len(one.values) for one in shown), default=0) > WIDE
    figure.update_xaxes(
        title="direction, the strongest first", type="log" if wide else "linear", gridcolor=GRID[dark],
        zeroline=False, fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(gridcolor=GRID[dark], zeroline=False, fixedrange=True, automargin=True)
    figure.update_yaxes(type="log", tickformat="~%", **_decades(shown), row=1, col=1)
    figure.update_yaxes(tickformat=".0%", range=[0, 1.04], row=1, col=2)
    figure.update_annotations(font_size=12.5, font_color=INK[dark])
    return figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 24, "b": 8}, hovermode="closest", dragmode=False,
        font={"color": INK[dark], "size": 11}, hoverlabel={"align": "left"},
        legend={"orientation": "h", "y": -0.16, "yanchor": "top", "x": 0, "itemclick": False,
                "itemdoubleclick": False, "font": {"size": 12}},
    )  # fmt: skip


def _decades(shown: Sequence[Spectrum]) -> dict:
    """Ticks at powers of ten; with less than two of them on the axis also at twice and five times these."""
    shares = np.concatenate([one.values / max(float(one.values.sum()), 1e-300) for one in shown] or [np.empty(0)])
    shares = shares[shares > FLOOR]
    if not len(shares) or shares.max() / shares.min() > 100:
        return {"dtick": 1}
    return {"tickvals": [m * 10.0**e for e in range(-9, 1) for m in (1, 2, 5)]}


def held(cumulative: np.ndarray, dimensions: float) -> float:
    """The share that so many directions hold, a part of a direction counted as a part."""
    if not len(cumulative) or not np.isfinite(dimensions):
        return float("nan")
    return float(np.interp(dimensions, np.arange(len(cumulative) + 1), np.concatenate([[0.0], cumulative])))


def _marks(figure: go.Figure, one: Spectrum, dark: bool) -> None:
    known = [(m, label, d) for m, (label, d) in one.marks.items() if m in SYMBOLS and np.isfinite(d) and d > 0]
    figure.add_scatter(
        x=[d for *_, d in known], y=[held(one.cumulative, d) for *_, d in known], mode="markers", row=1, col=2,
        legendgroup=one.name, showlegend=False, name=escape(one.name),
        marker={
            "symbol": [SYMBOLS[m] for m, *_ in known], "size": 11, "color": one.colour,
            "line": {"width": [2.5 if SYMBOLS[m].startswith("line") else 1.2 for m, *_ in known],
                     "color": [one.colour if SYMBOLS[m].startswith("line") else INK[dark] for m, *_ in known]},
        },
        text=[f"<b>{escape(one.name)}</b><br>{escape(label)}: {d:.4g}" for _, label, d in known],
        hovertemplate="%{text}<br>these hold %{y:.1%}<extra></extra>",
    )  # fmt: skip


def _symbols(figure: go.Figure, shown: Sequence[Spectrum], dark: bool) -> None:
    """What each symbol is, in the legend."""
    labels = {m: label for one in shown for m, (label, d) in one.marks.items() if m in SYMBOLS and np.isfinite(d)}
    for measure, label in labels.items():
        figure.add_scatter(
            x=[None], y=[None], mode="markers", name=escape(label), row=1, col=2,
            marker={"symbol": SYMBOLS[measure], "size": 10, "color": INK[dark],
                    "line": {"width": 2.5 if SYMBOLS[measure].startswith("line") else 0, "color": INK[dark]}},
        )  # fmt: skip
