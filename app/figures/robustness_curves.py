"""How a score goes with severity: a line a variant, one corruption large or all of them small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

INK = {False: "#1D2A2B", True: "#E6EAE8"}  # on a light, on a dark page
GRID = {False: "rgba(29,42,43,0.10)", True: "rgba(230,234,232,0.13)"}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
"""Of variants of one colour, in their order."""

SEVERITIES = (0, 1, 2, 3, 4, 5)  # 0 is clean
ACROSS = 5
MOST_BANDS = 8
"""Intervals of more lines than this hide each other: they are in the words at the points only."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One variant under the corruptions of a figure."""

    name: str
    family: str  # as people read it
    colour: str
    values: np.ndarray  # (K, 6) at the severities 0 to 5, nan where there is no number
    low: np.ndarray  # (K, 6) of the 95 % interval; nan where there is none
    high: np.ndarray


@dataclass(frozen=True, slots=True)
class Scale:
    """What the vertical axis says."""

    title: str
    share: bool  # said in per cent


def single(lines: Sequence[Line], title: str, scale: Scale, *, dark: bool = False, height: int = 560) -> go.Figure:
    """Of one corruption (K = 1), with bands where there are few lines; points carry [name, severity]."""
    figure, bands = go.Figure(), len(lines) <= MOST_BANDS
    for line, dash in zip(lines, _dashes(lines), strict=True):
        if bands:
            _band(figure, line)
        figure.add_scatter(
            x=SEVERITIES, y=line.values[0], mode="lines+markers", name=escape(line.name), legendgroup=line.family,
            line={"color": line.colour, "width": 2, "dash": dash}, marker={"size": 7},
            customdata=[[line.name, s] for s in SEVERITIES], text=_intervals(line, scale), hovertemplate=_hover(scale),
        )  # fmt: skip
    figure.update_xaxes(**_severities(dark), title="Severity")
    figure.update_yaxes(**_values(scale, dark), title=escape(scale.title))
    return figure.update_layout(
        title={"text": escape(title), "x": 0.01, "y": 0.985, "font": {"size": 15}}, height=height, hovermode="closest",
        margin={"l": 10, "r": 10, "t": 34, "b": 10}, clickmode="event+select", dragmode=False,
        font={"color": INK[dark]},
    )  # fmt: skip


def multiples(
    lines: Sequence[Line], titles: Sequence[str], scale: Scale, *, dark: bool = False, height: int = 620
) -> go.Figure:
    """All corruptions, one small axis each on one scale; a trace a family, so that many variants stay quick."""
    across = min(ACROSS, max(len(titles), 1))
    down = -(-len(titles) // across)
    figure = make_subplots(
        down, across, shared_xaxes=True, shared_yaxes=True, subplot_titles=[escape(t) for t in titles],
        horizontal_spacing=0.012, vertical_spacing=0.055,
    )  # fmt: skip
    families = list(dict.fromkeys(line.family for line in lines))
    for k in range(len(titles)):
        for family in families:
            own = [line for line in lines if line.family == family]
            figure.add_trace(_small(own, k, scale), row=k // across + 1, col=k % across + 1)
    for family in families:  # entries of the legend, of which each family has one
        colour = next(line.colour for line in lines if line.family == family)
        figure.add_scatter(x=[None], y=[None], mode="lines", name=escape(family), line={"color": colour, "width": 3})
    figure.update_xaxes(**_severities(dark))
    figure.update_yaxes(**_values(scale, dark), range=_range(lines))
    figure.update_annotations(font_size=12, yshift=-3)
    return figure.update_layout(
        height=height, margin={"l": 10, "r": 10, "t": 22, "b": 10}, hovermode="closest", dragmode=False,
        clickmode="event+select", font={"color": INK[dark]},
        legend={"orientation": "h", "y": -0.06, "itemclick": False, "itemdoubleclick": False},
    )  # fmt: skip


def _small(lines: Sequence[Line], k: int, scale: Scale) -> go.Scatter:
    """The lines of one family in one trace, apart by gaps."""
    x: list[int | None] = []
    y: list[float | None] = []
    said: list[list[object]] = []
    words: list[str] = []
    for line in lines:
        x += [*SEVERITIES, None]
        y += [None if np.isnan(v) else float(v) for v in line.values[k]] + [None]
        said += [[line.name, s, k] for s in SEVERITIES] + [[line.name, 0, k]]
        words += [*_intervals(line, scale, k), ""]
    line = {"color": lines[0].colour, "width": 1.3}
    return go.Scatter(
        x=x, y=y, mode="lines+markers", line=line, marker={"size": 4}, customdata=said, text=words, showlegend=False,
        hovertemplate=_hover(scale), name=escape(lines[0].family),
    )  # fmt: skip


def _band(figure: go.Figure, line: Line) -> None:
    there = np.isfinite(line.low[0]) & np.isfinite(line.high[0])
    if not there.any():
        return
    x, low, high = np.array(SEVERITIES)[there], line.low[0][there], line.high[0][there]
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([high, low[::-1]]), fill="toself",
        fillcolor=line.colour, opacity=0.13, line={"width": 0}, hoverinfo="skip", showlegend=False,
        legendgroup=line.family, mode="lines",
    )  # fmt: skip


def _dashes(lines: Sequence[Line]) -> list[str]:
    seen: dict[str, int] = {}
    made = []
    for line in lines:
        seen[line.colour] = seen.get(line.colour, -1) + 1
        made.append(DASHES[seen[line.colour] % len(DASHES)])
    return made


def _intervals(line: Line, scale: Scale, k: int = 0) -> list[str]:
    pairs = zip(line.low[k], line.high[k], strict=True)
    form = (lambda v: f"{100 * v:.1f} %") if scale.share else (lambda v: f"{v:.3g}")
    return [f"<br>{form(low)} to {form(high)} (95 %)" if np.isfinite(low) else "" for low, high in pairs]


def _hover(scale: Scale) -> str:
    return (
        "<b>%{customdata[0]}</b><br>severity %{x}: %{y"
        + (":.1%" if scale.share else ":.3g")
        + "}%{text}<extra></extra>"
    )


def _severities(dark: bool) -> dict:
    words = ["clean", "1", "2", "3", "4", "5"]
    return {
        "tickvals": SEVERITIES,
        "ticktext": words,
        "range": [-0.25, 5.25],
        "gridcolor": GRID[dark],
        "zeroline": False,
    }


def _range(lines: Sequence[Line]) -> list[float] | None:
    """One for all axes, so that heights can be compared."""
    values = np.concatenate([line.values.ravel() for line in lines]) if lines else np.empty(0)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    room = 0.06 * max(float(values.max() - values.min()), 1e-6)
    return [float(values.min()) - room, float(values.max()) + room]


def _values(scale: Scale, dark: bool) -> dict:
    return {"gridcolor": GRID[dark], "zeroline": False} | ({"tickformat": ".0%"} if scale.share else {})
