"""A picture of features as a figure that stands alone, to be kept as HTML, SVG or PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

INK = {False: "#1D2A2B", True: "#E6EAE8"}  # on a light, on a dark page
GROUND = {False: "#FFFFFF", True: "#12191A"}
FADED = {False: "#D5DADA", True: "#3A4547"}
VECTOR = 3000
"""Points that are drawn as vectors; more on the graphics card."""

MOST = 60_000
"""Points of a figure; of more, so many by lot."""

NAMED = 30
"""Categories that have a name in the legend, the most frequent; the rest share one."""

WIDTH, HEIGHT = 960, 720


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What N samples are coloured by: a code each with its name and colour, or a number each on a ramp of colours."""

    title: str
    colours: Sequence[str]  # a name each, or the ramp from low to high
    names: Sequence[str] = ()
    codes: np.ndarray | None = None  # (N,) places in names
    values: np.ndarray | None = None  # (N,) nan where there is none
    low: float = 0.0
    high: float = 1.0


def figure(
    points: np.ndarray, look: Look, axes: Sequence[str], title: str, *, lit: np.ndarray | None = None,
    samples: Sequence[str] = (), dark: bool = False, seed: int = 0,
) -> go.Figure:  # fmt: skip
    """points (N, 2 or 3) -> scatter; lit (N,) bool: the others are grey, below. samples: names for whoever hovers."""
    there = np.flatnonzero(np.isfinite(points).all(axis=1))
    total = len(there)
    if total > MOST:
        there = np.sort(np.random.default_rng(seed).choice(there, MOST, replace=False))
    shown = there if lit is None else there[lit[there]]
    made = go.Figure()
    if lit is not None:
        rest = {"name": "not selected", "marker": _marker(total, FADED[dark])}
        made.add_trace(_trace(points, there[~lit[there]], samples, total, rest))
    for rows, drawn in _parts(look, shown, total):
        made.add_trace(_trace(points, rows, samples, total, drawn))
    few = f"<br><sup>{MOST:,} of {total:,} samples by lot</sup>" if total > MOST else ""
    return made.update_layout(**_layout(points.shape[1], axes, escape(title) + few, look, dark))


def _parts(look: Look, shown: np.ndarray, total: int) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """What is drawn together: samples, and how."""
    if look.codes is None:
        values = np.full(0, np.nan) if look.values is None else look.values[shown]
        scale = [[i / max(len(look.colours) - 1, 1), c] for i, c in enumerate(look.colours)]
        bar = {"title": {"text": escape(look.title)}, "thickness": 12}
        how = {"color": values, "colorscale": scale, "cmin": look.low, "cmax": look.high, "colorbar": bar}
        return [(shown, {"name": escape(look.title), "showlegend": False, "marker": _marker(total) | how})]
    codes = look.codes[shown]
    counts = np.bincount(codes, minlength=len(look.names))
    order = np.argsort(-counts, kind="stable")
    named = np.sort(order[:NAMED][counts[order[:NAMED]] > 0])
    parts = [
        (shown[codes == c], {"name": escape(str(look.names[c])), "marker": _marker(total, look.colours[c])})
        for c in named.tolist()
    ]
    rest = shown[~np.isin(codes, named)]
    if len(rest):
        colours = np.asarray(look.colours)[look.codes[rest]].tolist()
        many = int(np.count_nonzero(counts)) - len(named)
        parts.append((rest, {"name": f"{many:,} more", "marker": _marker(total, colours)}))
    return parts


def _marker(total: int, colour: Any = None) -> dict[str, Any]:
    size = float(np.clip(40 / max(total, 1) ** 0.25, 2.0, 8.0))
    return {"size": size, "opacity": 0.85, "line": {"width": 0}} | ({} if colour is None else {"color": colour})


def _trace(points: np.ndarray, rows: np.ndarray, samples: Sequence[str], total: int, how: dict[str, Any]) -> Any:
    x, y, *z = points[rows].astype(np.float32).T
    words = {"text": [escape(str(samples[i])) for i in rows.tolist()], "hoverinfo": "text+name"} if len(samples) else {}
    if z:
        return go.Scatter3d(x=x, y=y, z=z[0], mode="markers", **words, **how)
    return (go.Scattergl if total > VECTOR else go.Scatter)(x=x, y=y, mode="markers", **words, **how)


def _layout(dims: int, axes: Sequence[str], title: str, look: Look, dark: bool) -> dict[str, Any]:
    quiet = {"showgrid": False, "zeroline": False, "ticks": "", "showticklabels": False, "linecolor": FADED[dark]}
    named = [quiet | {"title": {"text": escape(a)}, "showline": True} for a in [*axes, "", "", ""][:dims]]
    if dims == 3:
        scene = dict(zip(("xaxis", "yaxis", "zaxis"), named, strict=True))
        room: dict[str, Any] = {"scene": scene | {"aspectmode": "data"}}
    else:
        room = {"xaxis": named[0], "yaxis": named[1] | {"scaleanchor": "x", "scaleratio": 1}}
    return room | {
        "title": {"text": title, "font": {"size": 15}}, "width": WIDTH, "height": HEIGHT,
        "paper_bgcolor": GROUND[dark], "plot_bgcolor": GROUND[dark], "font": {"color": INK[dark]},
        "legend": {"title": {"text": escape(look.title)}, "itemsizing": "constant"},
        "margin": {"l": 40, "r": 20, "t": 60, "b": 40}, "hovermode": "closest",
    }  # fmt: skip
