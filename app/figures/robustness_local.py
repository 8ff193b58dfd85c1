"""Where the features of samples lie, angle against length, under two representations; and how they moved between.

Representation a is drawn filled, b hollow; what is right is a teal circle, what is wrong an orange cross, so that
neither colour nor shape alone has to be told apart. Only the points of a carry `customdata`, their samples: a lasso
chooses from these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go

INK = {False: "#1D2A2B", True: "#E6EAE8"}  # on a light, on a dark page
QUIET = {False: "#6B7374", True: "#9AA5A6"}
RIGHT = {False: "#0B6E69", True: "#3FA8A0"}
WRONG = {False: "#C2571A", True: "#E88A4A"}
BETTER = {False: "#3A6EA5", True: "#7FB0D6"}
STILL_WRONG = {False: "#8A7A12", True: "#C9B458"}
ARROWS = 300
"""Drawn at most: more hide each other."""

VECTOR = 2000
"""Points that are drawn as vectors; more on the graphics card."""

MAIN = (0.0, 0.83)  # of the figure: the points; the rest is the marginal histograms'
SIDE = (0.86, 1.0)
Look = tuple[str, str, str]  # name, colour, symbol
BINS = 36
FADED = 0.10


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """One representation of N samples."""

    name: str
    x: np.ndarray  # (N,) nan where there is none
    y: np.ndarray
    correct: np.ndarray  # (N,) 1, 0, or -1 where the truth is unknown


def looks(dark: bool) -> dict[int, Look]:
    """How an answer is drawn."""
    return {1: ("right", RIGHT[dark], "circle"), 0: ("wrong", WRONG[dark], "x"), -1: unknown(dark)}


def outcomes(dark: bool) -> dict[tuple[int, int], Look]:
    """How two answers to one sample are drawn."""
    return {
        (1, 1): ("right in both", RIGHT[dark], "circle"),
        (1, 0): ("became wrong", WRONG[dark], "x"),
        (0, 1): ("became right", BETTER[dark], "triangle-up"),
        (0, 0): ("wrong in both", STILL_WRONG[dark], "square"),
    }


def unknown(dark: bool) -> Look:
    return "truth unknown", QUIET[dark], "diamond"


@dataclass(frozen=True, slots=True)
class Titles:
    """Of the axes: what they are, and what the cursor reads."""

    x: str
    y: str
    unit: str = ""  # after the number on x


def drawn_arrows(chosen: np.ndarray, *, most: int = ARROWS, seed: int = 0) -> np.ndarray:
    """Which arrows to draw: chosen (N,) bool -> ascending places, a seeded part of the chosen where there are more."""
    places = np.flatnonzero(chosen)
    if len(places) <= most:
        return places
    return np.sort(np.random.default_rng(seed).choice(places, most, replace=False))


def arrows(
    a: Cloud,
    b: Cloud,
    samples: np.ndarray,
    words: Sequence[str],
    titles: Titles,
    *,
    chosen: np.ndarray | None = None,
    dark: bool = False,
    height: int = 460,
    compact: bool = False,
) -> go.Figure:
    """Both representations and arrows from a to b, with the histograms of both at the sides.

    samples (N,) ids, words (N,) what the cursor reads of each, chosen (N,) bool: the others are faded.
    """
    lit = np.ones(len(samples), bool) if chosen is None else chosen
    figure = go.Figure()
    kinds = {k: look for k, look in looks(dark).items() if np.any(a.correct == k) or np.any(b.correct == k)}
    hollow = {k: (name, colour, f"{symbol}-open") for k, (name, colour, symbol) in kinds.items()}
    _points(figure, b, [hollow[int(c)] for c in b.correct], None, words, lit, titles, compact=compact)
    _arrows(figure, a, b, lit, dark)
    _points(figure, a, [kinds[int(c)] for c in a.correct], samples, words, lit, titles, compact=compact)
    _marginals(figure, a, b, lit, dark)
    for letter, entries in (("a", kinds), ("b", hollow)):
        for name, colour, symbol in entries.values():
            _entry(figure, f"{letter}, {name}", colour, symbol)
    return _laid(figure, titles.x, titles.y, height, compact)


def changes(
    a: Cloud,
    b: Cloud,
    samples: np.ndarray,
    words: Sequence[str],
    titles: Titles,
    *,
    chosen: np.ndarray | None = None,
    dark: bool = False,
    height: int = 460,
    compact: bool = False,
) -> go.Figure:
    """b minus a of every sample, coloured by what became of the answer; arguments as for `arrows`."""
    lit = np.ones(len(samples), bool) if chosen is None else chosen
    moved = Cloud("b - a", b.x - a.x, b.y - a.y, a.correct)
    known, other = outcomes(dark), unknown(dark)
    found = [known.get((int(p), int(q)), other) for p, q in zip(a.correct, b.correct, strict=True)]
    figure = go.Figure()
    _points(figure, moved, found, samples, words, lit, titles, compact=compact, change=True)
    _steps(figure, moved.x[lit], moved.y[lit], _range(moved.x), _range(moved.y), INK[dark], filled=True)
    for name, colour, symbol in (look for look in [*known.values(), other] if look in set(found)):
        _entry(figure, name, colour, symbol)
    line = {"color": QUIET[dark], "width": 1, "dash": "dot"}
    figure.add_shape(type="line", x0=0, x1=0, y0=0, y1=1, yref="y domain", line=line, layer="below")
    figure.add_shape(type="line", y0=0, y1=0, x0=0, x1=1, xref="x domain", line=line, layer="below")
    return _laid(figure, f"Change of {_low(titles.x)}", f"Change of {_low(titles.y)}", height, compact)


def _points(
    figure: go.Figure,
    cloud: Cloud,
    drawn: Sequence[Look],
    samples: np.ndarray | None,
    words: Sequence[str],
    lit: np.ndarray,
    titles: Titles,
    *,
    compact: bool,
    change: bool = False,
) -> None:
    """A trace for each look, the faded points of it first: lists of colours and symbols cost seconds to check."""
    size = (8 if len(lit) <= 300 else 6 if len(lit) <= VECTOR else 4) - 2 * compact
    full = 0.85 if samples is not None else 0.55
    steady = {"marker": {"opacity": 1.0}} if bool(lit.all()) else None
    trace = go.Scatter if len(lit) <= VECTOR else go.Scattergl
    head = "" if change else "<b>a</b> " if samples is not None else "<b>b</b> "
    x, y = (escape(f"Change of {_low(t)}" if change else t) for t in (titles.x, titles.y))
    order = np.argsort(lit, kind="stable").tolist()
    for look in dict.fromkeys(drawn):
        these = [i for i in order if drawn[i] == look]
        figure.add_trace(
            trace(
                x=cloud.x[these], y=cloud.y[these], mode="markers", name=cloud.name, showlegend=False,
                marker={"color": look[1], "symbol": look[2], "size": size, "opacity": np.where(lit, full, FADED)[these],
                        "line": {"width": 0 if samples is not None else 1}},
                customdata=None if samples is None else samples[these].tolist(), text=[words[i] for i in these],
                hovertemplate=f"{head}%{{text}}<br>{x}: %{{x:.3g}}{titles.unit}<br>{y}: %{{y:.3g}}<extra></extra>",
                selected=steady, unselected=steady,
            )
        )  # fmt: skip


def _arrows(figure: go.Figure, a: Cloud, b: Cloud, lit: np.ndarray, dark: bool) -> None:
    """A trace for each sort of outcome; arrows that have no start or no end are left out."""
    whole = lit & np.isfinite(a.x) & np.isfinite(a.y) & np.isfinite(b.x) & np.isfinite(b.y)
    places = drawn_arrows(whole)
    turned = {key: outcomes(dark)[key][1] for key in ((1, 0), (0, 1))}
    keys = [(int(a.correct[i]), int(b.correct[i])) for i in places]
    for key, colour in [(None, QUIET[dark]), *turned.items()]:
        these = [i for i, k in zip(places, keys, strict=True) if (k if k in turned else None) == key]
        if not these:
            continue
        x = np.stack([a.x[these], b.x[these], np.full(len(these), np.nan)], axis=1).ravel()
        y = np.stack([a.y[these], b.y[these], np.full(len(these), np.nan)], axis=1).ravel()
        figure.add_scatter(
            x=x, y=y, mode="lines+markers", hoverinfo="skip", showlegend=False, name="arrows",
            line={"color": colour, "width": 1.1}, opacity=0.55 if key is None else 0.9,
            marker={"symbol": "arrow", "angleref": "previous", "color": colour, "size": [0, 8, 0] * len(these)},
        )  # fmt: skip


def _marginals(figure: go.Figure, a: Cloud, b: Cloud, lit: np.ndarray, dark: bool) -> None:
    """Of the lit samples; a filled, b a dotted outline."""
    ranges = _range(a.x, b.x), _range(a.y, b.y)
    _steps(figure, a.x[lit], a.y[lit], *ranges, INK[dark], filled=True)
    _steps(figure, b.x[lit], b.y[lit], *ranges, INK[dark], filled=False)


def _steps(
    figure: go.Figure,
    x: np.ndarray,
    y: np.ndarray,
    across: tuple[float, float],
    up: tuple[float, float],
    ink: str,
    *,
    filled: bool,
) -> None:
    """The histogram of x above the points, that of y to their right."""
    line = {"color": ink, "width": 1.1, "shape": "hv", "dash": "solid" if filled else "dot"}
    common = {"mode": "lines", "line": line, "hoverinfo": "skip", "showlegend": False, "name": "histogram"}
    colour = f"rgba({int(ink[1:3], 16)},{int(ink[3:5], 16)},{int(ink[5:], 16)},0.18)" if filled else None
    counts, edges = np.histogram(x[np.isfinite(x)], BINS, across)
    fill = {"fill": "tozeroy", "fillcolor": colour} if filled else {}
    figure.add_scatter(x=edges, y=[*counts, 0], yaxis="y2", **fill, **common)
    counts, edges = np.histogram(y[np.isfinite(y)], BINS, up)
    fill = {"fill": "tozerox", "fillcolor": colour} if filled else {}
    figure.add_scatter(x=[*counts, 0], y=edges, xaxis="x2", **fill, **(common | {"line": line | {"shape": "vh"}}))


def _range(*values: np.ndarray) -> tuple[float, float]:
    every = np.concatenate(values)
    every = every[np.isfinite(every)]
    if not len(every):
        return 0.0, 1.0
    least, most = float(every.min()), float(every.max())
    apart = most - least > 1e-6 * max(abs(least), abs(most))  # else rounding would be what is drawn
    return (least, most) if apart else (least - 0.5, most + 0.5)


def _entry(figure: go.Figure, name: str, colour: str, symbol: str) -> None:
    """A legend's entry without points: full, where the points may be faded."""
    marker = {"color": colour, "symbol": symbol, "size": 9}
    figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=escape(name), hoverinfo="skip")


def _low(title: str) -> str:
    return title[:1].lower() + title[1:]


def _laid(figure: go.Figure, x: str, y: str, height: int, compact: bool) -> go.Figure:
    """compact: in a panel a few hundred pixels wide."""
    bare = {"showgrid": False, "showticklabels": False, "zeroline": False, "fixedrange": True, "rangemode": "tozero"}
    size = 10 if compact else 12
    small = {"tickfont": {"size": size}, "zeroline": False, "domain": MAIN, "automargin": True}
    legend = {"font": {"size": size}, "orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0}
    return figure.update_layout(
        height=height, margin={"l": 6, "r": 4, "t": 2, "b": 52 if compact else 70}, hovermode="closest",
        dragmode="lasso", clickmode="event+select", hoverlabel={"align": "left"},
        xaxis={"title": {"text": escape(x), "font": {"size": size}, "standoff": 3}, "showgrid": True, **small},
        yaxis={"title": {"text": escape(y), "font": {"size": size}, "standoff": 6}, **small},
        xaxis2={"domain": SIDE, "anchor": "y", **bare}, yaxis2={"domain": SIDE, "anchor": "x", **bare},
        legend=legend | {"itemclick": False, "itemdoubleclick": False, "tracegroupgap": 0},
    )  # fmt: skip
