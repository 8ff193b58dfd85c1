"""What each variant is worth against what it costs: a point a model, a line a method, the front of those unbeaten."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from itertools import cycle, islice

import plotly.graph_objects as go

from app.figures.variant_colours import BASE
from app.tradeoffs import Axis, Form, front, said

COLOURS = ("#0B6E69", "#C2571A", "#4A5FA5", "#A63A5B", "#8A7A12", "#4E8FB5", "#7C4F9C")
SYMBOLS = (
    "circle", "square", "diamond", "triangle-up", "cross", "x", "triangle-down", "pentagon", "hourglass", "hexagram",
)  # fmt: skip
"""Both change from one method to the next: seven and ten have no common divisor, so seventy pairs differ."""

INK = {False: "#1D2A2B", True: "#E6EAE8"}  # on a light, on a dark page
PAPER = {False: "#FBFAF7", True: "#141A1B"}
SIZE, BASE_SIZE, RING = 11, 18, 22
STRETCHES = 4.0  # ratio of the largest to the smallest value from which a logarithmic axis shows more
LOGARITHMIC: tuple[Form, ...] = ("count", "bytes")


@dataclass(frozen=True, slots=True)
class Point:
    """One model on both axes."""

    name: str
    group: str  # what its line is of
    x: float
    y: float
    sparsity: float  # the order of points on a line
    words: tuple[str, ...]  # what the cursor reads
    base: bool = False


def tradeoff(
    points: Sequence[Point],
    axes: tuple[Axis, Axis],
    titles: tuple[str, str],
    *,
    chosen: Collection[str] = (),
    dark: bool = False,
    height: int = 480,
) -> go.Figure:
    """The points in one trace, whose `customdata` is the model's name; those chosen are ringed and named."""
    ink, styles = INK[dark], _styles(points)
    figure = go.Figure()
    for name, (colour, _) in styles.items():
        _line(figure, [p for p in points if p.group == name and not p.base], colour)
    _front(figure, points, axes, ink)
    _rings(figure, [p for p in points if p.name in chosen], ink)
    figure.add_scatter(**_points(points, styles, PAPER[dark]))
    _legend(figure, points, styles)
    for axis, update, title, values in (
        (axes[0], figure.update_xaxes, titles[0], [p.x for p in points]),
        (axes[1], figure.update_yaxes, titles[1], [p.y for p in points]),
    ):
        update(**_scale(axis, values), title={"text": escape(title)}, zeroline=False, showgrid=True)
    return figure.update_layout(
        height=height, margin={"l": 10, "r": 10, "t": 10, "b": 10}, hovermode="closest", clickmode="event+select",
        dragmode="pan", hoverlabel={"align": "left"}, legend={"itemclick": False, "itemdoubleclick": False, "y": 0.93},
    )  # fmt: skip


def _styles(points: Sequence[Point]) -> dict[str, tuple[str, str]]:
    """A colour and a symbol for each method, in the order in which they come."""
    names = list(dict.fromkeys(p.group for p in points if not p.base))
    pairs = zip(cycle(COLOURS), cycle(SYMBOLS), strict=False)
    return dict(zip(names, islice(pairs, len(names)), strict=True))


def _points(points: Sequence[Point], styles: dict[str, tuple[str, str]], paper: str) -> dict:
    looks = [(BASE, "star") if p.base else styles[p.group] for p in points]
    steady = {"marker": {"opacity": 1}}
    return {
        "x": [p.x for p in points], "y": [p.y for p in points], "mode": "markers", "showlegend": False,
        "marker": {"color": [colour for colour, _ in looks], "symbol": [symbol for _, symbol in looks], "opacity": 1,
                   "size": [BASE_SIZE if p.base else SIZE for p in points], "line": {"width": 1, "color": paper}},
        "customdata": [[p.name] for p in points],
        "text": ["<br>".join([f"<b>{escape(p.name)}</b>", *map(escape, p.words)]) for p in points],
        "hovertemplate": "%{text}<extra></extra>", "selected": steady, "unselected": steady,
        "cliponaxis": False, "name": "models",
    }  # fmt: skip


def _line(figure: go.Figure, points: Sequence[Point], colour: str) -> None:
    """Thin, through the points of one method in the order of their sparsity."""
    ordered = sorted(points, key=lambda p: (p.sparsity, p.name))
    if len(ordered) > 1:
        x, y = [p.x for p in ordered], [p.y for p in ordered]
        line = {"color": colour, "width": 1.2}
        figure.add_scatter(x=x, y=y, mode="lines", line=line, opacity=0.85, hoverinfo="skip", showlegend=False)


def _front(figure: go.Figure, points: Sequence[Point], axes: tuple[Axis, Axis], ink: str) -> None:
    """A step from each unbeaten point to the next: the best that is to be had at every cost."""
    best = [points[i] for i in front([(p.x, p.y) for p in points], (axes[0].more, axes[1].more))]
    if best:
        line = {"color": ink, "width": 1.6, "dash": "dot", "shape": "vh" if axes[0].more else "hv"}
        figure.add_scatter(
            x=[p.x for p in best], y=[p.y for p in best], mode="lines", line=line, hoverinfo="skip",
            name="Pareto front: beaten by none",
        )  # fmt: skip


def _rings(figure: go.Figure, points: Sequence[Point], ink: str) -> None:
    """Around the models that are on show in the other tabs."""
    if points:
        marker = {"symbol": "circle-open", "size": RING, "color": ink, "line": {"width": 2}}
        figure.add_scatter(
            x=[p.x for p in points], y=[p.y for p in points], mode="markers", marker=marker, hoverinfo="skip",
            name="On show", cliponaxis=False,
        )  # fmt: skip


def _legend(figure: go.Figure, points: Sequence[Point], styles: dict[str, tuple[str, str]]) -> None:
    """Entries without points: the points are one trace, and a trace has one entry only."""
    entries = {p.name: (BASE, "star") for p in points if p.base} | styles
    for name, (colour, symbol) in entries.items():
        marker = {"color": colour, "symbol": symbol, "size": SIZE}
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=escape(name), hoverinfo="skip")


def _scale(axis: Axis, values: Sequence[float]) -> dict:
    """Ticks in the axis's unit; logarithmic for counts and sizes that lie far apart."""
    least, most = min(values, default=0.0), max(values, default=0.0)
    if axis.form in LOGARITHMIC and least > 0 and most > STRETCHES * least:
        ticks = _round_numbers(least, most)
        return {"type": "log", "tickvals": ticks, "ticktext": [said(tick, axis.form) for tick in ticks]}
    forms: dict[Form, dict] = {
        "share": {"tickformat": ".0%" if most - least > 0.04 else ".1%"},
        "count": {"tickformat": "~s"},
        "bytes": {"tickformat": "~s", "ticksuffix": "B"},
        "milliseconds": {"ticksuffix": " ms"},
        "rate": {"tickformat": "~s"},
        "number": {},
    }
    return forms[axis.form] | {"type": "linear"}


def _round_numbers(least: float, most: float) -> list[float]:
    """1, 2 and 5 times the powers of ten about these values."""
    powers = range(math.floor(math.log10(least)) - 1, math.ceil(math.log10(most)) + 1)
    every = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
    return [value for value in every if least / 2 <= value <= most * 2]
