"""How large the weights of one layer are, in variants beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np
import plotly.graph_objects as go

BINS = 81
GROUND = "rgba(124,134,136,0.35)"
FLOOR = 0.7
"""Where empty bins lie: a logarithm has no zero, and one weight is to be seen."""


def weight_histogram(
    weights: Mapping[str, np.ndarray], colours: Mapping[str, str], *, base: str = "", height: int = 360
) -> go.Figure:
    """Steps of counts on a logarithmic axis, over the same bins for all; zeros are left out, and their share is said.

    weights: name -> the layer's weights, of any shape. `base`, if it is among them, is drawn as a ground.
    """
    left = {name: values[np.isfinite(values) & (values != 0)] for name, values in weights.items()}
    reach = max((float(np.abs(values).max()) for values in left.values() if values.size), default=1.0)
    edges = np.linspace(-reach, reach, BINS + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    figure, most = go.Figure(), 10.0
    for name, values in left.items():
        counts = np.histogram(values, edges)[0]
        most = max(most, float(counts.max()))
        zeros = 1 - values.size / weights[name].size if weights[name].size else 0.0
        ground = {"fill": "tozeroy", "line": {"shape": "hvh", "width": 0}} if name == base else {}
        line = {"line": {"shape": "hvh", "width": 1.8, "color": colours[name]}} if name != base else {}
        figure.add_scatter(
            x=centres, y=np.maximum(counts, FLOOR), mode="lines", fillcolor=GROUND, customdata=counts,
            name=f"{escape(name)} · {100 * zeros:.1f} % zero",
            hovertemplate="%{x:.3g}: %{customdata:,} weights<extra></extra>", **line, **ground,
        )  # fmt: skip
    top = float(np.log10(most)) + 0.15
    axis = {"zeroline": False, "fixedrange": True, "automargin": True}
    figure.update_xaxes(axis | {"title": {"text": "Weight"}, "range": [-reach, reach]})
    figure.update_yaxes(
        axis | {"title": {"text": "Weights in a bin"}, "type": "log", "dtick": 1, "range": [np.log10(FLOOR), top]}
    )
    return figure.update_layout(
        height=height, margin={"l": 10, "r": 10, "t": 10, "b": 10}, hovermode="closest", dragmode=False,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
