"""How measures go from the input of a network to its head: a line a model, intervals as bands, small or large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

INK = {False: "#1D2A2B", True: "#E6EAE8"}  # on a light, on a dark page
GRID = {False: "rgba(29,42,43,0.10)", True: "rgba(230,234,232,0.13)"}
CHOSEN = "rgba(124,134,136,0.22)"
STRONG = 50.0
"""A measure of only positive values that spans more than this factor has a logarithmic axis."""

FEW = 24
"""Up to so many layers each has its name under a large axis; of more, some have."""

NAMES = {1: 7, 2: 5, 3: 4, 4: 3}
"""Names that have room under a small axis, by how many charts stand side by side; of more charts the ends have."""

WRAP = 62  # letters in a line of what the cursor says
WHY_WRAP = 38  # and of what stands in the place of a chart


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One measure in one network, over the layers that it was measured at."""

    name: str
    colour: str
    places: np.ndarray  # (P,) where on the axis, ascending
    taps: Sequence[str]  # (P,) as the store calls them
    values: np.ndarray  # (P,) nan where it is not defined
    low: np.ndarray  # (P,) of the 95 % interval; nan where there is none
    high: np.ndarray
    said: Sequence[str]  # (P,) what is told beside the number, as plain text


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """One measure."""

    title: str
    unit: str
    explained: str  # in a sentence: under the cursor at the title
    lines: Sequence[Line]
    why: str = ""  # said in the chart's place where no line has a number


def depth(
    charts: Sequence[Chart],
    ticks: Sequence[str],
    *,
    across: int = 3,
    chosen: float = -1,
    dark: bool = False,
    height: int = 600,
    legend: bool = True,
) -> go.Figure:
    """All charts on one page. ticks: the layers' names along the axis. Points carry [name, tap]."""
    across = max(1, min(across, len(charts)))
    down = -(-len(charts) // across)
    figure = make_subplots(
        down, across, subplot_titles=[_title(c) for c in charts], horizontal_spacing=min(0.06, 0.12 / across),
        vertical_spacing=min(0.13, 44 / max(height - 80, 1)) if down < 6 else 0.3 / down,
    )  # fmt: skip
    large = across == 1 and down == 1
    for i, chart in enumerate(charts):
        row, column = i // across + 1, i % across + 1
        for line in chart.lines:
            for trace in (_band(line), _trace(line, chart, show=legend and i == 0, large=large)):
                if trace is not None:
                    figure.add_trace(trace, row=row, col=column)
        nothing = not any(np.isfinite(line.values).any() for line in chart.lines)
        figure.update_xaxes(
            **_layers(ticks, large or across == 1, across, dark), visible=not nothing, row=row, col=column
        )
        figure.update_yaxes(**_values(chart, dark), visible=not nothing, row=row, col=column)
        if nothing:
            why = {"xref": "x domain", "yref": "y domain", "x": 0.5, "y": 0.5, "showarrow": False, "font": {"size": 12}}
            figure.add_annotation(**why, text=_wrapped(chart.why, WHY_WRAP), row=row, col=column)
            continue
        if len(ticks) > 1 and 0 <= chosen < len(ticks):
            figure.add_vline(chosen, line={"color": CHOSEN, "width": 7}, layer="below", row=row, col=column)  # pyright: ignore[reportArgumentType]
    for annotation, chart in zip(figure.layout.annotations, charts, strict=False):  # pyright: ignore[reportAttributeAccessIssue]
        annotation.update(hovertext=_wrapped(chart.explained), captureevents=True, yshift=-2)
        annotation.update(x=annotation.x, font={"size": 12.5, "color": INK[dark]})
    return figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 44 if legend else 24, "b": 8}, hovermode="closest", dragmode=False,
        clickmode="event+select", font={"color": INK[dark], "size": 11}, hoverlabel={"align": "left"},
        legend={"orientation": "h", "y": 1, "yref": "container", "yanchor": "top", "x": 0, "itemclick": False,
                "itemdoubleclick": False, "font": {"size": 12}},
    )  # fmt: skip


def _title(chart: Chart) -> str:
    return escape(chart.title) + (f" <span style='font-size:10px'>({escape(chart.unit)})</span>" if chart.unit else "")


def logarithmic(chart: Chart) -> bool:
    """Whether its axis is: never of shares, nor where an interval reaches zero."""
    values = np.concatenate([line.values for line in chart.lines] or [np.empty(0)])
    values = values[np.isfinite(values)]
    lows = np.concatenate([line.low for line in chart.lines] or [np.empty(0)])
    if not len(values) or values.min() <= 0 or values.max() <= 1 or (lows <= 0).any():
        return False
    return float(values.max() / values.min()) > STRONG


def _trace(line: Line, chart: Chart, *, show: bool, large: bool) -> go.Scatter:
    unit = f" {chart.unit}" if chart.unit else ""
    words = [
        f"<b>{escape(line.name)}</b> · {escape(tap)}<br>{escape(chart.title)}: {value:.4g}{escape(unit)}<br>"
        + "<br>".join(_wrapped(part) for part in said.split("\n"))
        for tap, value, said in zip(line.taps, line.values, line.said, strict=True)
    ]
    there = np.flatnonzero(np.isfinite(line.values))
    alone = len(there) == 1
    error = {"array": _finite(line.high - line.values), "arrayminus": _finite(line.values - line.low)}
    mode = "markers" if len(line.values) == 1 else "lines+markers"
    return go.Scatter(
        x=line.places, y=line.values, mode=mode, name=escape(line.name),
        legendgroup=line.name, showlegend=show, line={"color": line.colour, "width": 2.2 if large else 1.8},
        marker={"size": 8 if large or alone else 5, "color": line.colour},
        error_y={**error, "thickness": 1.4, "width": 4} if alone else None,
        customdata=[[line.name, tap] for tap in line.taps], text=words, hovertemplate="%{text}<extra></extra>",
        selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
    )  # fmt: skip


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, 0.0)


def _band(line: Line) -> go.Scatter | None:
    there = np.isfinite(line.low) & np.isfinite(line.high)
    if there.sum() < 2:
        return None
    x, low, high = line.places[there], line.low[there], line.high[there]
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([high, low[::-1]]), fill="toself", fillcolor=line.colour,
        opacity=0.16, line={"width": 0}, hoverinfo="skip", showlegend=False, legendgroup=line.name, mode="lines",
    )  # fmt: skip


def _layers(ticks: Sequence[str], large: bool, across: int, dark: bool) -> dict:
    last = len(ticks) - 1
    shown = (
        list(range(0, last + 1, max(1, -(-(last + 1) // FEW)))) if large else _spread(last + 1, NAMES.get(across, 2))
    )
    return {
        "tickvals": shown, "ticktext": [escape(ticks[i]) for i in shown], "tickangle": -40 if large and last > 3 else 0,
        "range": [-0.45 - 0.02 * last, last + 0.45 + 0.02 * last], "gridcolor": GRID[dark], "showgrid": False,
        "zeroline": False, "fixedrange": True, "automargin": True,
        **({} if large else {"tickfont": {"size": 9.5}}),
    }  # fmt: skip


def _spread(count: int, most: int) -> list[int]:
    """At most so many of `count` places, the first and the last among them, as evenly as can be."""
    most = min(most, count)
    return sorted({round(i * (count - 1) / max(most - 1, 1)) for i in range(most)})


def _values(chart: Chart, dark: bool) -> dict:
    scale: dict = {"nticks": 5}
    if logarithmic(chart):
        scale = {"type": "log", "dtick": 1, "tickformat": "~g"}
    numbers = np.concatenate([each for line in chart.lines for each in (line.values, line.low)] or [np.empty(0)])
    if np.isfinite(numbers).sum() == 1:  # nothing beside it to make a range of
        scale["rangemode"] = "tozero"
    return {"gridcolor": GRID[dark], "zeroline": False, "fixedrange": True, "automargin": True} | scale


def _wrapped(text: str, most: int = WRAP) -> str:
    """Broken into lines of so many letters."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) >= most:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "<br>".join(escape(each) for each in [*lines, line])
