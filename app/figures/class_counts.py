"""How many images each class has."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from analysis.records import UNLABELLED

COLOUR, NONE = "#2C8580", "#9AA5A6"
FEW = 40
"""Up to so many classes each has its own line with its name; more become columns without names."""

LINE_PX, LEAST_PX = 22, 90


def class_counts(counts: Mapping[int, int], class_names: Sequence[str]) -> go.Figure:
    """Bars in the order of the classes; those without a class come last, in grey."""
    labels = [*range(len(class_names)), *([UNLABELLED] if counts.get(UNLABELLED) else [])]
    names = [class_names[i] if i >= 0 else "no class" for i in labels]
    values = [counts.get(i, 0) for i in labels]
    many = len(labels) > FEW
    places = list(range(len(labels)))  # by place: two classes may be called the same
    figure = go.Figure(
        go.Bar(
            x=places if many else values,
            y=values if many else places,
            orientation="v" if many else "h",
            marker={"color": [COLOUR if i >= 0 else NONE for i in labels], "line": {"width": 0}},
            text=None if many else [f"{v:,}" for v in values],
            textposition="auto",
            textangle=0,
            insidetextanchor="end",
            hovertext=[f"{name}: {value:,}" for name, value in zip(names, values, strict=True)],
            hoverinfo="text",
            cliponaxis=False,
        )
    )
    if many:
        figure.update_xaxes(showticklabels=False, title=f"{len(class_names):,} classes")
        figure.update_yaxes(rangemode="tozero")
    else:
        figure.update_yaxes(autorange="reversed", tickvals=places, ticktext=[_short(n) for n in names], ticks="")
        figure.update_xaxes(showgrid=False, showticklabels=False, zeroline=False)
    height = 260 if many else max(LEAST_PX, LINE_PX * len(labels) + 16)
    return figure.update_layout(
        height=height, margin={"l": 4, "r": 30, "t": 4, "b": 4}, bargap=0.25 if not many else 0, dragmode=False
    )


def _short(name: str, most: int = 28) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
