"""A family of models: from the founder to all that was made from it, by how many of its weights are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go
from plotly.colors import sample_colorscale

UNKNOWN = "#7C8688"
SCALE = ["rgb(194,87,26)", "rgb(183,154,58)", "rgb(11,110,105)"]  # from the worst of a family to its best
INK = {False: "#1D2A2B", True: "#E6EAE8"}  # on a light, on a dark page
BRANCH = "#9AA5A6"
LANE_PX, LEAST_PX, SIZE, RING = 40, 150, 13, 21
ABOVE = 0.44  # of a lane: where numbers stand, clear of the ring around a model


@dataclass(frozen=True, slots=True)
class Node:
    """One model of the tree."""

    name: str
    parent: str  # empty for the founder
    line: str  # what was done to its parent, in words: siblings of one line share a lane
    gone: float  # share of the founder's weights that are zero or removed
    score: float | None  # accuracy, 0 to 1; None where it is not known
    words: tuple[str, ...] = ()  # what the cursor reads


def family_tree(
    nodes: Sequence[Node], rings: Mapping[str, str] | None = None, *, score: str = "Accuracy", dark: bool = False
) -> go.Figure:
    """The models in one trace, whose `customdata` is their names; parents come before their children.

    A lane for each (parent, line), its models joined in the order of what is gone. rings: name -> colour around it.
    """
    lanes = _lanes(nodes)
    places = {n.name: (100 * n.gone, lanes[n.parent, n.line]) for n in nodes}
    figure = go.Figure()
    for (parent, _), members in _grouped(nodes).items():
        if parent in places:
            figure.add_scatter(**_branch(places[parent], [places[n.name] for n in members]))
    ringed = [n for n in nodes if n.name in (rings or {})]
    figure.add_scatter(**_numbers(nodes, places, INK[dark]))
    figure.add_scatter(**_rings(ringed, places, rings or {}))
    figure.add_scatter(**_points(nodes, places, score))
    return figure.update_layout(**_layout(nodes, lanes, places))


def _grouped(nodes: Sequence[Node]) -> dict[tuple[str, str], list[Node]]:
    """Siblings of one line, in the order of what is gone."""
    found: dict[tuple[str, str], list[Node]] = {}
    for node in nodes:
        found.setdefault((node.parent, node.line), []).append(node)
    return {lane: sorted(members, key=lambda n: (n.gone, n.name)) for lane, members in found.items()}


def _lanes(nodes: Sequence[Node]) -> dict[tuple[str, str], int]:
    """(parent, line) -> its number from above: the founder's first, the lanes of a model below its own."""
    grouped, ordered = _grouped(nodes), []
    names = {n.name for n in nodes}
    ahead = [lane for lane in grouped if lane[0] not in names][::-1]
    while ahead:
        lane = ahead.pop()
        ordered.append(lane)
        below = [other for member in grouped[lane] for other in grouped if other[0] == member.name]
        ahead += sorted(below, key=lambda each: each[1], reverse=True)
    return {lane: number for number, lane in enumerate(ordered)}


def _branch(parent: tuple[float, int], members: Sequence[tuple[float, int]]) -> dict:
    """Down from the parent, then along the lane."""
    lane = members[0][1]
    xs, ys = [parent[0], parent[0]], [parent[1], lane]
    return {
        "x": xs + [x for x, _ in members], "y": ys + [y for _, y in members], "mode": "lines", "hoverinfo": "skip",
        "line": {"color": BRANCH, "width": 1.3}, "showlegend": False,
    }  # fmt: skip


def _rings(nodes: Sequence[Node], places: Mapping[str, tuple[float, int]], rings: Mapping[str, str]) -> dict:
    marker = {"symbol": "circle-open", "size": RING, "color": [rings[n.name] for n in nodes], "line": {"width": 2.5}}
    return {
        "x": [places[n.name][0] for n in nodes], "y": [places[n.name][1] for n in nodes], "mode": "markers",
        "marker": marker, "hoverinfo": "skip", "showlegend": False, "cliponaxis": False,
    }  # fmt: skip


def _numbers(nodes: Sequence[Node], places: Mapping[str, tuple[float, int]], ink: str) -> dict:
    """The scores, above their models."""
    return {
        "x": [places[n.name][0] for n in nodes], "y": [places[n.name][1] - ABOVE for n in nodes], "mode": "text",
        "text": [f"{100 * n.score:.1f}" if n.score is not None else "" for n in nodes],
        "textfont": {"size": 11, "color": ink}, "hoverinfo": "skip", "showlegend": False, "cliponaxis": False,
    }  # fmt: skip


def _points(nodes: Sequence[Node], places: Mapping[str, tuple[float, int]], score: str) -> dict:
    known = [n.score for n in nodes if n.score is not None]
    steady = {"marker": {"opacity": 1}}
    said = [f"{score}: {100 * n.score:.1f} %" if n.score is not None else f"{score}: not known" for n in nodes]
    return {
        "x": [places[n.name][0] for n in nodes], "y": [places[n.name][1] for n in nodes], "mode": "markers",
        "marker": {"size": SIZE, "color": [_colour(n.score, known) for n in nodes], "opacity": 1,
                   "symbol": ["circle" if n.parent else "star" for n in nodes], "line": {"width": 0}},
        "customdata": [[n.name] for n in nodes],
        "hovertext": [
            "<br>".join([f"<b>{escape(n.name)}</b>", *map(escape, (text, *n.words))])
            for n, text in zip(nodes, said, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>", "selected": steady, "unselected": steady,
        "showlegend": False, "cliponaxis": False, "name": "models",
    }  # fmt: skip


def _colour(score: float | None, known: Sequence[float]) -> str:
    if score is None:
        return UNKNOWN
    low, high = min(known), max(known)
    return str(sample_colorscale(SCALE, [1.0 if high == low else (score - low) / (high - low)])[0])


def _layout(
    nodes: Sequence[Node], lanes: Mapping[tuple[str, str], int], places: Mapping[str, tuple[float, int]]
) -> dict:
    most = max((x for x, _ in places.values()), default=0.0)
    return {
        "height": max(LEAST_PX, LANE_PX * len(lanes) + 64), "margin": {"l": 10, "r": 24, "t": 18, "b": 10},
        "xaxis": {"title": {"text": "Weights that are gone, %"}, "range": [-3, max(most + 4, 10)], "zeroline": False,
                  "fixedrange": True, "automargin": True},
        "yaxis": {"tickvals": list(lanes.values()), "ticktext": [escape(_short(line)) for _, line in lanes],
                  "range": [len(lanes) - 0.5, -0.8], "zeroline": False, "showgrid": False, "fixedrange": True,
                  "automargin": True, "ticks": ""},
        "hovermode": "closest", "clickmode": "event+select", "dragmode": False, "hoverlabel": {"align": "left"},
        "showlegend": False,
    }  # fmt: skip


def _short(line: str, most: int = 42) -> str:
    return line if len(line) <= most else line[: most - 1] + "…"
