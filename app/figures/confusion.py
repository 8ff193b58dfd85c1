"""How often one axis says this and the other says that. Agreement and errors have colours of their own, so that
the many on the diagonal do not drown the few beside it.
"""

from __future__ import annotations

from html import escape

import numpy as np
import plotly.graph_objects as go

from analysis.records import Confusion

ERRORS = ((0.0, "rgba(194,87,26,0)"), (0.15, "rgba(194,87,26,0.22)"), (1.0, "rgba(168,52,16,0.95)"))
AGREEMENT = ((0.0, "rgba(11,110,105,0)"), (1.0, "rgba(11,110,105,0.45)"))
"""Colours over whatever the page's background is."""

CHOSEN = "#3FA8A0"
INK = {False: "#1D2A2B", True: "#E6EAE8"}  # on a light, on a dark page
STRONG = 0.5  # of the most errors
WRITTEN = 16  # numbers fit into the cells of a matrix of so many classes
NAMED = 20  # longer names are cut


def confusion_matrix(
    found: Confusion,
    axes: tuple[str, str],
    *,
    shares: bool = False,
    chosen: tuple[int | None, int | None] = (None, None),
    side: int = 560,
    dark: bool = False,
) -> go.Figure:
    """Counts, or each row's shares in per cent; `chosen` is the (row, column) class of the cell in use.

    A click selects a point whose `customdata` is (row class, column class).
    """
    values = row_shares(found.counts) if shares else found.counts.astype(float)
    same = np.array([[row == column for column in found.column_names] for row in found.row_names], bool)
    same = same.reshape(values.shape)
    figure = go.Figure()
    for part, ramp in ((same, AGREEMENT), (~same, ERRORS)):
        figure.add_heatmap(**_cells(values, part, ramp))
    figure.add_scatter(**_points(found, axes))
    _outline(figure, found, chosen)
    numbers = _numbers(values, same, shares, INK[dark])
    return figure.update_layout(annotations=numbers, **_layout(found, axes, side))


def row_shares(counts: np.ndarray) -> np.ndarray:
    """(rows, columns) counts -> per cent of each row's sum, 0 where the row is empty."""
    totals = counts.sum(axis=1, keepdims=True)
    return 100.0 * counts / np.maximum(totals, 1)


def _cells(values: np.ndarray, part: np.ndarray, ramp: tuple) -> dict:
    """A heat map of one part of the cells, on a scale of its own."""
    most = float(values[part].max(initial=0)) or 1.0
    return {
        "z": np.where(part & (values > 0), values, np.nan), "zmin": 0, "zmax": most, "colorscale": ramp,
        "showscale": False, "hoverinfo": "skip", "xgap": 1, "ygap": 1,
    }  # fmt: skip


def _points(found: Confusion, axes: tuple[str, str]) -> dict:
    """One invisible point a cell: heat maps cannot be clicked."""
    counts, shares = found.counts, row_shares(found.counts)
    words = [
        f"{escape(axes[0])}: <b>{escape(row)}</b><br>{escape(axes[1])}: <b>{escape(column)}</b>"
        f"<br>{counts[i, j]:,} images, {shares[i, j]:.1f} % of the row"
        for i, row in enumerate(found.row_names)
        for j, column in enumerate(found.column_names)
    ]
    across, down = np.meshgrid(np.arange(len(found.column_names)), np.arange(len(found.row_names)))
    invisible = {"marker": {"opacity": 0}}
    return {
        "x": across.ravel(), "y": down.ravel(), "mode": "markers", "marker": {"size": 14, "opacity": 0},
        "customdata": [(r, c) for r in found.row_classes for c in found.column_classes],
        "text": words, "hovertemplate": "%{text}<extra></extra>",
        "selected": invisible, "unselected": invisible, "showlegend": False,
    }  # fmt: skip


def _numbers(values: np.ndarray, same: np.ndarray, shares: bool, ink: str) -> list[dict]:
    """What the cells hold, where there is room; white on strong red."""
    if max(values.shape, default=0) > WRITTEN:
        return []
    found, most = [], float(values[~same].max(initial=0))
    for (row, column), value in np.ndenumerate(values):
        if value > 0:
            text = (f"{value:.0f}" if value >= 0.5 else "<1") if shares else f"{value:,.0f}"
            strong = not same[row, column] and value > STRONG * most
            font = {"size": 12, "color": "#FFFFFF" if strong else ink}
            found.append({"x": column, "y": row, "text": text, "showarrow": False, "font": font})
    return found


def _outline(figure: go.Figure, found: Confusion, chosen: tuple[int | None, int | None]) -> None:
    """Mark the cell, the row or the column in use."""
    row, column = (
        classes.index(index) if index in classes else None
        for index, classes in zip(chosen, (found.row_classes, found.column_classes), strict=True)
    )
    if row is None and column is None:
        return
    top, bottom = (row - 0.5, row + 0.5) if row is not None else (-0.5, len(found.row_names) - 0.5)
    left, right = (column - 0.5, column + 0.5) if column is not None else (-0.5, len(found.column_names) - 0.5)
    figure.add_shape(type="rect", x0=left, x1=right, y0=top, y1=bottom, line={"color": CHOSEN, "width": 3})


def _layout(found: Confusion, axes: tuple[str, str], side: int) -> dict:
    cut = [[_short(name) for name in names] for names in (found.column_names, found.row_names)]
    axis = {"fixedrange": True, "showgrid": False, "zeroline": False, "tickfont": {"size": 12}, "ticks": ""}
    columns, rows = ({"tickvals": list(range(len(names))), "ticktext": names} for names in cut)
    return {
        "xaxis": axis | columns | {"side": "top", "title": {"text": escape(axes[1])}, "tickangle": -45,
                                   "range": [-0.5, len(cut[0]) - 0.5]},
        "yaxis": axis | rows | {"title": {"text": escape(axes[0])}, "range": [len(cut[1]) - 0.5, -0.5]},
        "height": side, "margin": {"l": 10, "r": 48, "t": 10, "b": 10}, "hovermode": "closest", "hoverdistance": -1,
        "clickmode": "event+select", "dragmode": False, "showlegend": False, "hoverlabel": {"align": "left"},
    }  # fmt: skip


def _short(name: str) -> str:
    return escape(name if len(name) <= NAMED else name[: NAMED - 1] + "…")
