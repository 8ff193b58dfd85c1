"""The numbers behind the trade-off plot as a table, and both as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.tradeoffs import COSTS, WORTH, Axis, Standing, front

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROW_PX = 35
MOST_ROWS = 12
FORMATS = {
    "share": "%.1f %%",
    "count": "compact",
    "bytes": "bytes",
    "milliseconds": "%.2f ms",
    "rate": "%.0f",
    "number": "%.3f",
}


def table(
    found: Sequence[Standing], axes: tuple[Axis, Axis], lines: Mapping[str, str], *, where: str, device: str
) -> None:
    """All models of the family with all numbers; those that no other beats on the two axes of the plot marked."""
    import pandas

    best = unbeaten(found, axes)
    columns = {"Model": [s.member.name for s in found], "Method": [_line(s, lines) for s in found]}
    columns |= {"On the front": [s.member.name in best for s in found]}
    every = {**WORTH, **COSTS}
    shown = {axis.label: [_shown(s.value(axis), axis) for s in found] for axis in every.values()}
    shown = {label: values for label, values in shown.items() if any(v is not None for v in values)}
    frame = pandas.DataFrame(columns | shown)
    st.dataframe(
        frame,
        hide_index=True,
        height=ROW_PX * (min(len(frame), MOST_ROWS) + 1) + 3,
        column_config={axis.label: st.column_config.NumberColumn(format=FORMATS[axis.form]) for axis in every.values()},
    )
    text = csv(found, axes, lines, where=where, device=device)
    st.download_button(
        "Numbers (CSV)", text, "cutaway-trade-off.csv", "text/csv", icon=":material/download:", on_click="ignore"
    )


def unbeaten(found: Sequence[Standing], axes: tuple[Axis, Axis]) -> set[str]:
    """The names of the models on the front."""
    placed = [(s.member.name, x, y) for s in found if None not in (x := s.value(axes[0]), y := s.value(axes[1]))]
    points = [(float(x or 0), float(y or 0)) for _, x, y in placed]
    return {placed[i][0] for i in front(points, (axes[0].more, axes[1].more))}


def csv(
    found: Sequence[Standing], axes: tuple[Axis, Axis], lines: Mapping[str, str], *, where: str, device: str
) -> str:
    """A row a model with plain numbers: shares from 0 to 1, sizes in bytes, times in milliseconds."""
    import pandas

    best, every = unbeaten(found, axes), {**COSTS, **WORTH}
    rows = [
        {
            "model": s.member.name,
            "parent": s.member.parent,
            "method": _line(s, lines),
            **{name: s.value(axis) for name, axis in every.items()},
            "test_set": where,
            "device": s.speed.device if s.speed else "",
            "on_the_front": s.member.name in best,
        }
        for s in found
    ]
    return pandas.DataFrame(rows).to_csv(index=False)


def downloads(figure: go.Figure, titles: tuple[str, str]) -> None:
    """The figure as a page that works without a network; its menu has it as a picture."""

    def page() -> str:
        return figure.update_layout(template="plotly_white", title=f"{titles[1]} and {titles[0]}").to_html(
            include_plotlyjs=True, config={"displaylogo": False}
        )

    st.download_button(
        "Figure (HTML)", page, "cutaway-trade-off.html", "text/html", icon=":material/download:", on_click="ignore",
        help="Works offline. The camera above the plot saves it as PNG.",
    )  # fmt: skip


def _line(standing: Standing, lines: Mapping[str, str]) -> str:
    return "Base" if standing.base else lines[standing.member.name]


def _shown(value: float | None, axis: Axis) -> Any:
    return None if value is None else 100 * value if axis.form == "share" else value
