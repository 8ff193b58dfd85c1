"""Is the classifier right as often as it is sure? (DeGroot and Fienberg 1983; Guo et al. 2017, section 2)."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.records import ReliabilityBin
from app.figures.tiles import percent

SURE, SPARSE, GAP = "#0B6E69", 0.35, "#C2571A"
FEW = 20  # samples in a bin below which its accuracy is drawn faint: its standard error is 0.1 and more


def reliability_diagram(bins: Sequence[ReliabilityBin], height: int = 520) -> go.Figure:
    """Accuracy over confidence a bin with the gap to the diagonal, and how many samples each bin holds.

    A click selects a bar whose `customdata` is (lower, upper).
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.68, 0.32], vertical_spacing=0.06)
    full = [b for b in bins if b.samples]
    figure.add_bar(**_bars(full, [b.accuracy for b in full], "accuracy"), row=1, col=1)
    for b in full:
        figure.add_shape(type="line", x0=b.confidence, x1=b.confidence, y0=b.accuracy, y1=b.confidence, row=1, col=1,
                         line={"color": GAP, "width": 2})  # fmt: skip
    diagonal = {"color": "gray", "dash": "dot", "width": 1.5}
    figure.add_shape(type="line", x0=0, x1=1, y0=0, y1=1, line=diagonal, row=1, col=1)
    figure.add_bar(**_bars(full, [b.samples for b in full], "samples"), row=2, col=1)
    axis = {"fixedrange": True, "zeroline": False}
    figure.update_xaxes(axis | {"range": [0, 1]}).update_xaxes(title_text="Confidence", row=2, col=1)
    figure.update_yaxes(axis | {"range": [0, 1], "title": {"text": "Accuracy"}}, row=1, col=1)
    figure.update_yaxes(axis | {"title": {"text": "Images"}}, row=2, col=1)
    return figure.update_layout(
        height=height, margin={"l": 10, "r": 10, "t": 10, "b": 10}, bargap=0.06, showlegend=False, hovermode="closest",
        clickmode="event+select", dragmode=False, hoverlabel={"align": "left"},
    )  # fmt: skip


def _bars(bins: Sequence[ReliabilityBin], heights: Sequence[float], name: str) -> dict:
    words = [
        f"confidence {b.lower:.2f} to {b.upper:.2f}<br>{b.samples:,} images, {percent(b.accuracy)} right"
        f"<br>mean confidence {percent(b.confidence)}"
        for b in bins
    ]
    opacity = [1.0 if b.samples >= FEW else SPARSE for b in bins]
    steady = {"marker": {"opacity": 1}}
    return {
        "x": [(b.lower + b.upper) / 2 for b in bins], "width": [b.upper - b.lower for b in bins], "y": heights,
        "marker": {"color": [f"rgba(11,110,105,{0.75 * o:.2f})" for o in opacity]}, "name": name,
        "customdata": [(b.lower, b.upper) for b in bins], "text": words, "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>", "selected": steady, "unselected": steady,
    }  # fmt: skip
