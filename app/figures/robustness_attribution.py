"""Maps of the geometry side by side: the picture, then a map for each number; a row for each representation.

A number has one scale for all its maps, symmetric about 0, so that a and b can be compared: red raises it, blue lowers
it. The picture lies grey under the maps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from app.figures.colours import PALETTES
from app.figures.pictures import shown

RAMP = [(i / (len(PALETTES["blue-red"]) - 1), c) for i, c in enumerate(PALETTES["blue-red"])]
OPACITY = 0.78
LABELS = {"angle": "Angle", "length": "Length", "margin": "Margin", "logit": "Logit"}
WITHIN = 0.995
"""Of the pixels: the few strongest of a gradient would leave all the others pale."""

GAP, HEAD, LEFT = 6, 20, 16
"""Pixels between cells, above them, and beside them."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One representation: what the network was shown, and what its numbers come to."""

    name: str  # "a"
    words: str  # member and condition
    pixels: np.ndarray  # (H, W, C) uint8
    numbers: Mapping[str, float]  # nan where there is none
    maps: Mapping[str, np.ndarray]  # number -> (h, w), nan where there is none
    said: str = ""  # what the network says of it


def side_by_side(panels: Sequence[Panel], numbers: Sequence[str], width: int, *, upright: bool = False) -> go.Figure:
    """A row a representation, a column a number; `upright`: the other way round, for a narrow panel.

    width: pixels that there are; in less, the cells shrink and stay in proportion.
    """
    columns = ["picture", *numbers]
    across, down = (len(panels), len(columns)) if upright else (len(columns), len(panels))
    rows, wide = panels[0].pixels.shape[:2]
    beside = 0 if upright else LEFT
    side = (width - beside - GAP * (across - 1)) / across
    tall = side * rows / wide
    height = math.ceil(down * (tall + HEAD) + (down - 1) * GAP)
    figure = go.Figure()
    for i, panel in enumerate(panels):
        for j, column in enumerate(columns):
            x, y = (i, j) if upright else (j, i)
            left, top = beside + x * (side + GAP), y * (tall + HEAD + GAP) + HEAD
            place = (left / width, min((left + side) / width, 1.0), 1 - (top + tall) / height, 1 - top / height)
            _cell(figure, panel, column, panels, len(panels) * j + i + 1, place, brief=upright)
        if not upright:
            _name(figure, panel, 1 - (i * (tall + HEAD + GAP) + HEAD + tall / 2) / height)
    return figure.update_layout(
        height=height, margin={"l": 0, "r": 0, "t": 0, "b": 0}, showlegend=False,
        plot_bgcolor="rgba(0,0,0,0)", paper_bgcolor="rgba(0,0,0,0)", hoverlabel={"align": "left"},
    )  # fmt: skip


def reach(panels: Sequence[Panel], number: str) -> float:
    """The end of a number's scale: 99.5 % of the pixels of all its maps lie within; 1 where there is none."""
    maps = [np.abs(m[np.isfinite(m)]) for p in panels if (m := p.maps.get(number)) is not None]
    sizes = np.concatenate(maps) if maps else np.empty(0)
    return (float(np.quantile(sizes, WITHIN)) or float(sizes.max()) or 1.0) if sizes.size else 1.0


def written(number: str, value: float) -> str:
    """`41.2°`, `−0.31`, `none`."""
    if not math.isfinite(value):
        return "none"
    text = f"{math.degrees(value):.1f}°" if number == "angle" else f"{value:.3g}"
    return text.replace("-", "−")


def _cell(
    figure: go.Figure,
    panel: Panel,
    column: str,
    panels: Sequence[Panel],
    axis: int,
    place: tuple[float, float, float, float],
    *,
    brief: bool,
) -> None:
    left, right, low, high = place
    tail = "" if axis == 1 else str(axis)
    plain = {"visible": False, "fixedrange": True, "constrain": "domain"}
    across = plain | {"domain": [left, right], "range": [0, 1], "constraintoward": "left"}
    down = plain | {"domain": [low, high], "range": [1, 0], "constraintoward": "top"}
    rows, wide, channels = panel.pixels.shape
    figure.update_layout(
        {
            f"xaxis{tail}": across | {"anchor": f"y{tail}"},
            f"yaxis{tail}": down | {"anchor": f"x{tail}", "scaleanchor": f"x{tail}", "scaleratio": rows / wide},
        }
    )
    picture = Image.fromarray(panel.pixels[..., 0] if channels == 1 else panel.pixels)
    under = picture if column == "picture" else picture.convert("L").convert("RGB")
    figure.add_layout_image(
        source=shown(_enlarged(under)), xref=f"x{tail}", yref=f"y{tail}", x=0, y=0, sizex=1, sizey=1, sizing="stretch",
        layer="below", yanchor="top",
    )  # fmt: skip
    title = panel.said if column == "picture" else _title(panel, panels, column, brief=brief)
    figure.add_annotation(
        text=title, x=left, y=high, xref="paper", yref="paper", xanchor="left", yanchor="bottom", showarrow=False,
        font={"size": 11 if brief else 12}, align="left",
    )  # fmt: skip
    values = panel.maps.get(column)
    if column == "picture":
        values = np.full((1, 1), np.nan)  # an axis with nothing on it is not drawn
    if values is None or not np.isfinite(values).any():
        text = "" if column == "picture" else "no number"
        figure.add_annotation(text=text, x=0.5, y=0.5, xref=f"x{tail}", yref=f"y{tail}", showarrow=False)
        values = np.full((1, 1), np.nan)
    h, w = values.shape
    scale, unit = (math.degrees(1), "°") if column == "angle" else (1.0, "")
    most = reach(panels, column) * scale
    figure.add_heatmap(
        z=values * scale, x0=0.5 / w, dx=1 / w, y0=0.5 / h, dy=1 / h, xaxis=f"x{tail}", yaxis=f"y{tail}",
        zmin=-most, zmax=most, colorscale=RAMP, showscale=False, opacity=OPACITY, zsmooth=False, hoverongaps=False,
        hovertemplate=f"{escape(panel.name)}, {LABELS.get(column, '').lower()}: %{{z:.3g}}{unit}<extra></extra>",
    )  # fmt: skip


def _title(panel: Panel, panels: Sequence[Panel], number: str, *, brief: bool) -> str:
    """`Margin −0.31 (−1.2)  ±0.4`: the number, its change from a, the ends of its scale."""
    if number not in panel.numbers:
        return f"{LABELS[number]}: none"
    value = panel.numbers[number]
    text = f"<b>{LABELS[number]}</b> {written(number, value)}"
    first = panels[0].numbers.get(number, math.nan)
    if panel is not panels[0] and math.isfinite(first) and math.isfinite(value):
        sign = "+" if value >= first else ""
        text += f" ({sign}{written(number, value - first)})"
    return text if brief else f"{text}   <i>±{written(number, reach(panels, number))}</i>"


def _name(figure: go.Figure, panel: Panel, middle: float) -> None:
    """Which representation a row is, along its left edge."""
    figure.add_annotation(
        text=f"<b>{escape(panel.name)}</b>", x=0, y=middle, xref="paper", yref="paper", xanchor="left",
        yanchor="middle", showarrow=False, font={"size": 14},
    )  # fmt: skip


def _enlarged(picture: Image.Image, least: int = 128) -> Image.Image:
    """Tiny pictures with their pixels to be seen: browsers would smooth them."""
    times = max(1, round(least / max(picture.size)))
    if times == 1:
        return picture
    return picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
