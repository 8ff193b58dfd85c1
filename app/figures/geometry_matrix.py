"""A number for every pair of classes, or of layers, as a heat map: cells that can be clicked where they are few."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from PIL import Image

INK = {False: "#1D2A2B", True: "#E6EAE8"}  # on a light, on a dark page
CLICKED = 40  # classes at most whose cells can be clicked, each being a point
PAINTED = 200  # classes from which they are a picture: a browser takes many seconds for a million cells
WRITTEN = 14  # classes at most whose numbers are written
NAME_PX, ENDS_PX = 11, 90  # of a name at a side, and of what is below and above the cells
LONGEST = 18
BEYOND = 0.05  # of many cells, past the ends of the colours
SIGNED = (
    (0.0, "rgba(37,95,145,0.95)"), (0.5, "rgba(37,95,145,0)"), (0.5, "rgba(176,84,32,0)"), (1.0, "rgba(168,72,22,0.97)")
)  # fmt: skip
RISING = ((0.0, "rgba(11,110,105,0)"), (1.0, "rgba(11,110,105,0.97)"))
FALLING = ((0.0, "rgba(168,72,22,0.97)"), (1.0, "rgba(168,72,22,0)"))
"""Over whatever the page's background is."""

Ramp = Literal["signed", "rising", "falling"]
_RAMPS = {"signed": SIGNED, "rising": RISING, "falling": FALLING}


@dataclass(frozen=True, slots=True)
class Scale:
    """How values become colours: signed ones about 0; rising: more is darker; falling: less is darker."""

    ramp: Ramp
    low: float
    high: float
    title: str = ""
    digits: int = 2


def heat(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    scale: Scale,
    *,
    codes: tuple[Sequence[int], Sequence[int]] | None = None,
    notes: Sequence[Sequence[str]] | None = None,
    height: int = 380,
    dark: bool = False,
    words: tuple[str, str] = ("", ""),
) -> go.Figure:
    """values (R, C), nan where there is none; a click gives the `codes` of row and column.

    notes: what the cursor reads more of each cell, where cells can be clicked. Names that are the same are told apart
    by their place.
    """
    figure = go.Figure()
    few = max(values.shape, default=0) <= CLICKED
    if few:
        _few(figure, values, rows, columns, scale, codes, notes)
    elif max(values.shape) <= PAINTED:
        _many(figure, values, rows, columns, scale)
    else:
        _picture(figure, values, rows, columns, scale)
    if max(values.shape, default=0) <= WRITTEN:
        figure.update_layout(annotations=_numbers(values, scale, INK[dark]))
    return figure.update_layout(**_layout(rows, columns, few, height, words))


def bounds(values: np.ndarray, ramp: Ramp, floor: float = 0.1, *, clipped: bool = False) -> tuple[float, float]:
    """What the colours span: of signed values as far either way; clipped: but for one cell in twenty."""
    there = values[np.isfinite(values)]
    if not there.size:
        return (-floor, floor) if ramp == "signed" else (0.0, floor)
    beyond = BEYOND if clipped else 0.0
    if ramp == "signed":
        most = max(float(np.quantile(np.abs(there), 1 - beyond)), floor)
        return -most, most
    low, high = (float(q) for q in np.quantile(there, (beyond / 2, 1 - beyond / 2)))
    return (low, high) if high > low else (low, low + floor)


def _heatmap(scale: Scale, **more: Any) -> dict[str, Any]:
    return {
        "zmin": scale.low, "zmax": scale.high, "colorscale": _RAMPS[scale.ramp], "name": "values",
        "colorbar": {"thickness": 9, "outlinewidth": 0, "tickfont": {"size": 10}, "len": 0.8, "xpad": 6,
                     "title": {"text": scale.title, "font": {"size": 11}, "side": "right"}, "nticks": 5},
        **more,
    }  # fmt: skip


def _few(
    figure: go.Figure,
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    scale: Scale,
    codes: tuple[Sequence[int], Sequence[int]] | None,
    notes: Sequence[Sequence[str]] | None,
) -> None:
    """Cells, and points that nobody sees: a heat map cannot be clicked."""
    figure.add_heatmap(z=values, **_heatmap(scale, hoverinfo="skip", xgap=1, ygap=1))
    across, down = np.meshgrid(np.arange(len(columns)), np.arange(len(rows)))
    of_rows, of_columns = codes if codes is not None else (range(len(rows)), range(len(columns)))
    said = [
        _said(rows[i], columns[j], float(values[i, j]), scale, notes[i][j] if notes else "")
        for i in range(len(rows))
        for j in range(len(columns))
    ]
    steady = {"marker": {"opacity": 0}}
    figure.add_scatter(
        x=across.ravel().tolist(), y=down.ravel().tolist(), mode="markers", name="cells", text=said, showlegend=False,
        marker={"size": 14, "opacity": 0, "symbol": "square"}, hovertemplate="%{text}<extra></extra>",
        customdata=[[int(r), int(c)] for r in of_rows for c in of_columns], selected=steady, unselected=steady,
    )  # fmt: skip


def _many(figure: go.Figure, values: np.ndarray, rows: Sequence[str], columns: Sequence[str], scale: Scale) -> None:
    """A million cells go to the browser as small whole numbers: hundredths of what is shown, to read and to zoom in."""
    span = max(abs(scale.low), abs(scale.high), 1e-12)
    step = 10.0 ** np.ceil(np.log10(span / 100)) if span > 0 else 0.01
    whole = np.round(values / step)
    there = np.isfinite(whole)
    lowest, highest = scale.low / step, scale.high / step
    blank = {"signed": 0.0, "rising": lowest, "falling": highest}[scale.ramp]
    z = np.clip(np.where(there, whole, blank), -127, 127).astype(np.int8)
    mapped = Scale(scale.ramp, lowest, highest, scale.title, scale.digits)
    ticks = np.linspace(lowest, highest, 5)
    found = _heatmap(mapped)
    found["colorbar"] |= {"tickvals": ticks.tolist(), "ticktext": [f"{t * step:.2g}" for t in ticks]}
    figure.add_heatmap(
        z=z, x=_apart(columns), y=_apart(rows),
        hovertemplate="<b>%{y}</b><br><b>%{x}</b><br>" + f"{escape(scale.title)} %{{z}} × {step:g}<extra></extra>",
        **found,
    )  # fmt: skip


def _picture(figure: go.Figure, values: np.ndarray, rows: Sequence[str], columns: Sequence[str], scale: Scale) -> None:
    """One pixel a cell; points on the diagonal hold the axes' names and the colours' meaning."""
    found = _heatmap(scale)
    marker = {"size": 1, "opacity": 0, "color": [scale.low] * len(rows), "cmin": scale.low, "cmax": scale.high}
    figure.add_scatter(
        x=_apart(columns), y=_apart(rows), mode="markers", name="names", hovertemplate="row %{y}<extra></extra>",
        marker=marker | {"colorscale": found["colorscale"], "colorbar": found["colorbar"], "showscale": True},
    )  # fmt: skip
    figure.add_layout_image(
        source=painted(values, scale), xref="x", yref="y", x=-0.5, y=-0.5, sizex=len(columns), sizey=len(rows),
        sizing="stretch", layer="below",
    )  # fmt: skip


def painted(values: np.ndarray, scale: Scale) -> str:
    """values (R, C) as a PNG with a pixel a cell, clear where there is none, in an address of its own."""
    steps = np.linspace(0, 1, 255)
    away = {"signed": np.abs(2 * steps - 1), "rising": steps, "falling": 1 - steps}[scale.ramp]
    ends = {"signed": ((37, 95, 145), (170, 76, 25)), "rising": ((11, 110, 105),) * 2, "falling": ((168, 72, 22),) * 2}
    below, above = ends[scale.ramp]
    palette = [list(below if step < 0.5 else above) for step in steps] + [[0, 0, 0]]
    part = (values - scale.low) / max(scale.high - scale.low, 1e-12)
    codes = np.where(np.isfinite(part), np.round(254 * np.clip(np.nan_to_num(part), 0, 1)), 255).astype(np.uint8)
    picture = Image.fromarray(codes, "P")
    picture.putpalette(np.array(palette, np.uint8).tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=bytes([*np.round(247 * away).astype(int).tolist(), 0]))
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _apart(names: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(escape(name) if seen[name] == 1 else f"{escape(name)} ({seen[name]})")
    return found


def _said(row: str, column: str, value: float, scale: Scale, note: str) -> str:
    words = f"{value:.{scale.digits}f}" if np.isfinite(value) else "–"
    more = f"<br>{escape(note)}" if note else ""
    return f"<b>{escape(row)}</b><br><b>{escape(column)}</b><br>{escape(scale.title)} {words}{more}"


def _numbers(values: np.ndarray, scale: Scale, ink: str) -> list[dict[str, Any]]:
    """What the cells hold, white on strong colours."""
    found = []
    span = max(scale.high - scale.low, 1e-12)
    for (row, column), value in np.ndenumerate(values):
        if not np.isfinite(value):
            continue
        part = (value - scale.low) / span
        part = {"signed": abs(2 * part - 1), "rising": part, "falling": 1 - part}[scale.ramp]
        value = round(float(value), scale.digits) + 0.0  # so that none reads as minus nothing
        text = f"{value:.{scale.digits}f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.{scale.digits}f}"
        if abs(value) >= 10:
            text = f"{value:.0f}"
        text = text.replace("-", "−")
        found.append(
            {"x": column, "y": row, "text": text, "showarrow": False,
             "font": {"size": 10, "color": "#FFFFFF" if part > 0.6 else ink}}
        )  # fmt: skip
    return found


def _layout(
    rows: Sequence[str], columns: Sequence[str], few: bool, height: int, words: tuple[str, str]
) -> dict[str, Any]:
    axis = {"showgrid": False, "zeroline": False, "ticks": "", "tickfont": {"size": 10}, "automargin": True}
    titles = [{"title": {"text": escape(said), "font": {"size": 11}}} if said else {} for said in words]
    up, across = axis | titles[0], axis | titles[1] | {"tickangle": -50}
    if few:
        up |= {"range": [len(rows) - 0.5, -0.5], **_ticks(rows, height)}
        across |= {"range": [-0.5, len(columns) - 0.5], **_ticks(columns, height)}
    else:
        up |= {"type": "category", "range": [len(rows) - 0.5, -0.5], "nticks": 12}
        across |= {"type": "category", "range": [-0.5, len(columns) - 0.5], "nticks": 12, "showticklabels": False}
    return {
        "xaxis": across, "yaxis": up, "height": height, "margin": {"l": 6, "r": 6, "t": 6, "b": 6},
        "hovermode": "y" if max(len(rows), len(columns)) > PAINTED else "closest", "hoverdistance": -1,
        "clickmode": "event+select", "dragmode": False if few else "zoom", "hoverlabel": {"align": "left"},
        "showlegend": False,
    }  # fmt: skip


def _ticks(names: Sequence[str], height: int) -> dict[str, Any]:
    """All names, or every second, third ... where there is no room for more."""
    every = max(1, -(-len(names) * NAME_PX // max(height - ENDS_PX, NAME_PX)))
    shown = [escape(n if len(n) <= LONGEST else f"{n[: LONGEST - 1]}…") for n in names[::every]]
    return {"tickvals": list(range(0, len(names), every)), "ticktext": shown, "fixedrange": True}
