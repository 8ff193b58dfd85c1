"""Fourier heat maps as small multiples: the error under noise of each single frequency, one map a member.

Frequency 0 is in the middle of a map, the highest at its edges. All maps have one scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.figures.colours import PALETTES

Shown = Literal["error", "rise", "apart"]
"""The error, the error less that on clean images, or that less the reference's."""

SIDE, LARGEST, TITLE, BAR = 190, 330, 26, 90
"""Pixels of a map at least and at most, above it, and for the scale."""

RAMP = ["#020108", *PALETTES["inferno"][1:]]
"""Its first colour is one that Streamlit's theme would replace."""

INK = {False: "#5B6B6C", True: "#9DAAAA"}  # on a light, on a dark page


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """One member's map."""

    name: str
    errors: np.ndarray  # (F, F) in 0-1, nan where not computed yet
    clean: float  # nan where not computed yet


def heat_maps(
    maps: Sequence[Heat], shown: Shown, reference: Heat | None, width: int, *, dark: bool = False
) -> go.Figure:
    """A grid of maps, as many side by side as have room."""
    across = max(1, min(len(maps), (width - BAR) // (SIDE + 14)))
    down = -(-len(maps) // across)
    side = min((width - BAR) // across - 14, LARGEST)
    apart = min(0.02, 0.5 / max(across - 1, 1))
    below = min((TITLE + 8) / (down * (side + TITLE)) + 0.01, 0.5 / max(down - 1, 1))
    figure = make_subplots(
        down, across, subplot_titles=[_title(m) for m in maps], horizontal_spacing=apart, vertical_spacing=below
    )
    values = [_values(m, shown, reference) for m in maps]
    low, high = scale(values, shown)
    for place, (heat, cells) in enumerate(zip(maps, values, strict=True)):
        row, column = divmod(place, across)
        figure.add_trace(_heat_map(heat, cells, shown, low, high, place == 0), row + 1, column + 1)
        _axes(figure, place, heat.errors.shape[0] // 2, left=not column, below=place + across >= len(maps))
    figure.update_annotations(font={"size": 12}, yshift=4)
    return figure.update_layout(
        height=down * (side + TITLE + 18) + 20, margin={"l": 30, "r": 10, "t": 28, "b": 20}, showlegend=False,
        plot_bgcolor="rgba(127,127,127,0.1)", paper_bgcolor="rgba(0,0,0,0)", font={"color": INK[dark]},
    )  # fmt: skip


def profiles(curves: Mapping[str, np.ndarray], colours: Mapping[str, str], height: int = 280) -> go.Figure:
    """Mean error over rings of equal frequency: name -> (F // 2 + 1,)."""
    figure = go.Figure()
    for name, values in curves.items():
        figure.add_scatter(
            x=np.arange(len(values)), y=values, mode="lines", name=escape(name),
            line={"width": 2, "color": colours.get(name)},
            hovertemplate=f"{escape(name)}<br>%{{x}} cycles: %{{y:.1%}}<extra></extra>",
        )  # fmt: skip
    return figure.update_layout(
        height=height, margin={"l": 50, "r": 10, "t": 10, "b": 40},
        xaxis={"title": "Frequency (cycles over the image)", "rangemode": "tozero"},
        yaxis={"title": "Error", "tickformat": ".0%", "rangemode": "tozero"},
        plot_bgcolor="rgba(0,0,0,0)", paper_bgcolor="rgba(0,0,0,0)", legend={"font": {"size": 11}},
    )  # fmt: skip


def scale(values: Sequence[np.ndarray], shown: Shown) -> tuple[float, float]:
    """One for all maps: from the least to the most; symmetric about 0 for what is set against the reference."""
    known = np.concatenate([v[np.isfinite(v)] for v in values]) if values else np.empty(0)
    if not known.size:
        return (-1.0, 1.0) if shown == "apart" else (0.0, 1.0)
    if shown == "apart":
        most = float(np.abs(known).max()) or 1.0
        return -most, most
    low, high = (min(float(known.min()), 0.0) if shown == "rise" else float(known.min())), float(known.max())
    return (low, high) if high > low else (low, low + 0.01)


def _values(heat: Heat, shown: Shown, reference: Heat | None) -> np.ndarray:
    """What a map shows, (F, F); nan where it is not known."""
    if shown == "error":
        return heat.errors
    rise = heat.errors - heat.clean
    if shown == "rise":
        return rise
    if reference is None or reference.errors.shape != heat.errors.shape:
        return np.full_like(heat.errors, np.nan)
    return heat.errors - reference.errors


def _title(heat: Heat) -> str:
    """The name, and the error without noise."""
    clean = f" · clean {heat.clean:.1%}" if np.isfinite(heat.clean) else ""
    left = np.isnan(heat.errors).mean()
    return f"{escape(_short(heat.name))}{clean}" + (f" · {1 - left:.0%} done" if left else "")


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else f"…{name[1 - most :]}"


def _heat_map(heat: Heat, cells: np.ndarray, shown: Shown, low: float, high: float, first: bool) -> go.Heatmap:
    middle = cells.shape[0] // 2
    ramp = PALETTES["blue-red"] if shown == "apart" else RAMP
    words = {"error": "error", "rise": "error above clean", "apart": "error above the reference's"}[shown]
    bar = {"title": {"text": words.capitalize(), "side": "right"}, "thickness": 12, "tickformat": ".0%", "len": 0.9}
    return go.Heatmap(
        z=cells, x0=-middle, dx=1, y0=-middle, dy=1, zmin=low, zmax=high,
        colorscale=[(i / (len(ramp) - 1), c) for i, c in enumerate(ramp)], showscale=first, colorbar=bar,
        hovertemplate=f"{escape(heat.name)}<br>%{{y}} cycles down, %{{x}} across<br>{words} %{{z:.1%}}<extra></extra>",
        hoverongaps=False,
    )  # fmt: skip


def _axes(figure: go.Figure, place: int, middle: int, *, left: bool, below: bool) -> None:
    """Frequencies in cycles, written along the outer edges only."""
    tail = "" if place == 0 else str(place + 1)
    both = {"tickvals": [-middle, 0, middle], "showgrid": False, "zeroline": False, "fixedrange": True}
    both |= {"constrain": "domain"}
    ends = [-middle - 0.5, middle + 0.5]
    across = {"range": ends, "showticklabels": below}
    down = {"range": ends[::-1], "scaleanchor": f"x{tail}", "showticklabels": left}
    figure.update_layout({f"xaxis{tail}": both | across, f"yaxis{tail}": both | down})
