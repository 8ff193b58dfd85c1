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

LONG = 26
"""Of a mark that is a line: to be seen where others lie on it."""

WIDE = 96
"""With more directions than this their axis is logarithmic."""

FIRST = 0.25
"""So it is where every network holds MOST_OF of its variance in a smaller part of its directions: they crowd."""

MOST_OF = 0.9

NAMED = 10
"""More curves than these are told apart by a scale of their colours, not by a legend."""

READ = 1e-5
"""Down to this share ticks are in percents; where there are smaller ones, all are powers of ten."""

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
    many = len(shown) > NAMED
    width = 1.2 if many else 2
    for one in shown:
        total = float(one.values.sum())
        shares = one.values / total if total > 0 else np.full(len(one.values), np.nan)
        there = shares > FLOOR * np.nanmax(shares) if total > 0 else np.zeros(len(shares), bool)
        x = np.arange(1, len(shares) + 1)
        common = {"legendgroup": one.name, "name": escape(one.name), "line": {"color": one.colour, "width": width}}
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
    if many:
        figure.add_trace(_ramp(shown))
    figure.update_xaxes(
        title={"text": "direction, the strongest first", "font": {"size": 11}}, gridcolor=GRID[dark], zeroline=False,
        fixedrange=True, **_directions(shown),
    )  # fmt: skip
    figure.update_yaxes(gridcolor=GRID[dark], zeroline=False, fixedrange=True, automargin=True)
    figure.update_yaxes(type="log", **_decades(shown), row=1, col=1)
    figure.update_yaxes(tickformat=".0%", range=[0, 1.04], row=1, col=2)
    figure.update_annotations(font_size=12.5, font_color=INK[dark])
    if any("spectrum" in one.marks for one in shown):
        figure.add_hline(MOST_OF, line={"color": GRID[dark], "width": 1.4, "dash": "dash"}, row=1, col=2)  # pyright: ignore[reportArgumentType]
    return figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 24, "b": 8}, hovermode="closest", dragmode=False,
        font={"color": INK[dark], "size": 11}, hoverlabel={"align": "left"}, showlegend=not many,
        legend={"orientation": "h", "y": -0.16, "yanchor": "top", "x": 0, "itemclick": False,
                "itemdoubleclick": False, "font": {"size": 12}},
    )  # fmt: skip


def _directions(shown: Sequence[Spectrum]) -> dict:
    """From the first to the last; logarithmic where there are many, or where only the first of them matter."""
    last = max((len(one.values) for one in shown), default=1)
    first = [float(np.searchsorted(one.cumulative, MOST_OF) + 1) / max(len(one.values), 1) for one in shown]
    if last > WIDE or (last > 1 and first and max(first) < FIRST):
        ticks = [m * 10**e for e in range(6) for m in (1, 2, 5) if m * 10**e <= last]
        return {"type": "log", "tickvals": ticks, "range": [np.log10(0.92), np.log10(1.06 * last)]}
    return {"type": "linear", "range": [max(0.2, 1 - 0.02 * last), 1.02 * last]}


def _ramp(shown: Sequence[Spectrum]) -> go.Scatter:
    """A scale of the curves' colours, from the first to the last."""
    last = len(shown) - 1
    ends = [0, last]
    marker = {
        "color": ends, "colorscale": [[i / last, one.colour] for i, one in enumerate(shown)], "cmin": 0, "cmax": last,
        "colorbar": {"orientation": "h", "thickness": 9, "outlinewidth": 0, "len": 0.4, "y": -0.16, "yanchor": "top",
                     "tickvals": ends, "ticktext": [escape(shown[i].name) for i in ends], "x": 0.5},
    }  # fmt: skip
    return go.Scatter(x=[None, None], y=[None, None], mode="markers", marker=marker, hoverinfo="skip")


def _decades(shown: Sequence[Spectrum]) -> dict:
    """Ticks at powers of ten; with less than two of them on the axis also at twice and five times these."""
    shares = np.concatenate([one.values / max(float(one.values.sum()), 1e-300) for one in shown] or [np.empty(0)])
    shares = shares[shares > FLOOR]
    if not len(shares):
        return {}
    low, high = float(shares.min()), float(shares.max())
    ticks = [m * 10.0**e for e in range(-9, 1) for m in ((1, 2, 5) if high / low <= 100 else (1,))]
    ticks = [tick for tick in ticks if tick >= low / 10]
    texts = [f"{100 * tick:f}".rstrip("0").rstrip(".") + "%" if low >= READ else _power(tick) for tick in ticks]
    return {"tickvals": ticks, "ticktext": texts, "range": [np.log10(low) - 0.2, min(np.log10(high) + 0.2, 0.05)]}


def _power(tick: float) -> str:
    """`10⁻⁶`, and `2·10⁻⁶`."""
    power = int(np.floor(np.log10(tick) + 1e-9))
    first = round(tick / 10.0**power)
    return (f"{first}·" if first > 1 else "") + f"10<sup>{power}</sup>"


def held(cumulative: np.ndarray, dimensions: float) -> float:
    """The share that so many directions hold, a part of a direction counted as a part."""
    if not len(cumulative) or not np.isfinite(dimensions):
        return float("nan")
    return float(np.interp(dimensions, np.arange(len(cumulative) + 1), np.concatenate([[0.0], cumulative])))


def _marks(figure: go.Figure, one: Spectrum, dark: bool) -> None:
    there = {m: mark for m, mark in one.marks.items() if m in SYMBOLS and np.isfinite(mark[1]) and mark[1] > 0}
    known = [(m, *there[m]) for m in sorted(there, key=lambda m: SYMBOLS[m].startswith("line"))]  # drawn last: thin
    figure.add_scatter(
        x=[d for *_, d in known], y=[held(one.cumulative, d) for *_, d in known], mode="markers", row=1, col=2,
        legendgroup=one.name, showlegend=False, name=escape(one.name),
        marker={
            "symbol": [SYMBOLS[m] for m, *_ in known], "color": one.colour, "opacity": 1,
            "size": [LONG if SYMBOLS[m].startswith("line") else 11 for m, *_ in known],
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
