"""What each place of a picture would be called by itself: the classes in colours, or one class's logit."""

from __future__ import annotations

from html import escape

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from analysis.types import ClassMaps
from app.figures.colours import PALETTES
from app.figures.pictures import shown

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
"""Okabe and Ito (2008): told apart also with a colour vision deficiency."""

REST = "#8C8C8C"
OPACITY = 0.62
SIDE, LEGEND = 320, 170  # pixels: the longer side of the picture, and what stands beside it


def areas(found: ClassMaps) -> list[tuple[int, float]]:
    """The classes that win somewhere with their share of the places, largest first."""
    winners, counts = np.unique(found.values.argmax(0), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [(int(winners[i]), float(counts[i] / counts.sum())) for i in order]


def winning_classes(found: ClassMaps, picture: Image.Image) -> go.Figure:
    """The likeliest class at every place, over the part of the picture that the network sees."""
    shares = areas(found)
    named, rest = shares[: len(COLOURS)], shares[len(COLOURS) :]
    rank = np.full(found.values.shape[0], len(named))
    rank[[index for index, _ in named]] = np.arange(len(named))
    colours = [*COLOURS[: len(named)], REST]
    steps = [(edge / len(colours), c) for i, c in enumerate(colours) for edge in (i, i + 1)]
    figure = _over(picture)
    figure.add_heatmap(
        z=rank[found.values.argmax(0)], zmin=-0.5, zmax=len(named) + 0.5, colorscale=steps, showscale=False,
        opacity=OPACITY, text=_words(found), hovertemplate="%{text}<extra></extra>", **_cells(found),
    )  # fmt: skip
    entries = [(found.class_names[index], share) for index, share in named]
    if rest:
        entries.append((f"{len(rest)} more", sum(share for _, share in rest)))
    for (name, share), colour in zip(entries, colours, strict=False):
        label = f"{escape(_short(name))}  {share:.0%}"
        marker = {"color": colour, "symbol": "square", "size": 12}
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=label)
    legend = {"itemclick": False, "itemdoubleclick": False, "y": 1, "x": 1.02, "font": {"size": 13}}
    return figure.update_layout(legend=legend)


def class_logit(found: ClassMaps, index: int, picture: Image.Image) -> go.Figure:
    """One class's logit at every place: red-brown speaks for it, blue against."""
    values = found.values[index]
    far = float(np.abs(values).max()) or 1.0
    ramp = PALETTES["blue-red"]
    figure = _over(picture)
    figure.add_heatmap(
        z=values, zmin=-far, zmax=far, colorscale=[(i / (len(ramp) - 1), c) for i, c in enumerate(ramp)],
        opacity=OPACITY, colorbar={"title": "Logit", "thickness": 12, "len": 1.0},
        hovertemplate=f"{escape(found.class_names[index])}: logit %{{z:.3g}}<extra></extra>", **_cells(found),
    )  # fmt: skip
    return figure


def _cells(found: ClassMaps) -> dict:
    """Where the cells lie: the map's grid stretched over the picture, 0 to 1 on both axes."""
    _, rows, columns = found.values.shape
    return {"x0": 0.5 / columns, "dx": 1 / columns, "y0": 0.5 / rows, "dy": 1 / rows}


def _over(picture: Image.Image) -> go.Figure:
    """An empty figure in the picture's proportions, with the picture in it."""
    width, height = (SIDE * side / max(picture.size) for side in picture.size)
    axis = {"visible": False, "fixedrange": True, "constrain": "domain"}
    image = {"source": shown(picture), "xref": "x", "yref": "y", "x": 0, "y": 0, "sizex": 1, "sizey": 1}
    return go.Figure(
        layout={
            "images": [image | {"sizing": "stretch", "layer": "below", "yanchor": "top"}],
            "xaxis": axis | {"range": [0, 1], "constraintoward": "left"},
            "yaxis": axis
            | {"range": [1, 0], "scaleanchor": "x", "scaleratio": height / width, "constraintoward": "top"},
            "width": width + LEGEND,
            "height": height,
            "margin": {"l": 0, "r": LEGEND, "t": 0, "b": 0},
            "hoverlabel": {"align": "left"},
            "showlegend": True,
        }
    )


def _words(found: ClassMaps) -> list[list[str]]:
    """What the cursor reads at each place: the class, its logit and the runner-up."""
    order = np.argsort(-found.values, axis=0, kind="stable")[:2]
    logits = np.take_along_axis(found.values, order, axis=0)

    def said(place: tuple[int, int]) -> str:
        lines = [
            f"{escape(found.class_names[c])}: logit {v:.3g}"
            for c, v in zip(order[:, *place], logits[:, *place], strict=True)
        ]
        return "<br>runner-up ".join(lines)

    rows, columns = found.values.shape[1:]
    return [[said((y, x)) for x in range(columns)] for y in range(rows)]


def _short(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "…"
