"""What is left of each layer: variants beside each other, and the layers that have collapsed, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Literal

import plotly.graph_objects as go

if TYPE_CHECKING:
    from models.profiles import LayerProfile, Profile

Show = Literal["density", "weights", "removed"]
TITLES: Mapping[Show, str] = {
    "density": "Weights left, % of the base's",
    "weights": "Weights left",
    "removed": "Weights gone",
}
EMPTY = 0.01
"""Share of a layer's weights below which it is nearly empty."""

FEW = 36
"""Up to so many layers each has its name under the axis; of more, some have."""

CHOSEN = "rgba(124,134,136,0.22)"


def layer_profile(
    profiles: Mapping[str, Profile],
    base: Profile | None,
    colours: Mapping[str, str],
    *,
    show: Show = "density",
    chosen: str = "",
    height: int = 400,
) -> go.Figure:
    """A line a variant over the layers in their order. A click selects a point whose `customdata` is (layer,).

    base: what shares are of, where it has a layer of that name; else of the layer's own weights.
    """
    profiles = {name: matched(profile, base) for name, profile in profiles.items()}
    layers = ordered([base, *profiles.values()] if base else list(profiles.values()))
    places = {name: place for place, name in enumerate(layers)}
    figure = go.Figure()
    for name, profile in profiles.items():
        figure.add_scatter(**_line(name, profile, base, places, show, colours[name]))
    if chosen in places:
        x = places[chosen]
        figure.add_vrect(x0=x - 0.5, x1=x + 0.5, fillcolor=CHOSEN, line_width=0, layer="below")
    return figure.update_layout(**_layout(layers, show, height))


def ordered(profiles: Sequence[Profile]) -> list[str]:
    """Every layer that one of them has, in the order of the first."""
    return list(dict.fromkeys(layer.name for profile in profiles for layer in profile.layers))


def matched(profile: Profile, base: Profile | None) -> Profile:
    """With layers that were split in two, as those of low rank are (`conv2.0`, `conv2.1`), as the base's one."""
    whole, joined = by_name(base), {}
    for layer in profile.layers:
        above = layer.name.rpartition(".")[0]
        name = above if layer.name not in whole and above in whole else layer.name
        joined.setdefault(name, []).append(layer)
    return replace(profile, layers=tuple(_joined(name, parts) for name, parts in joined.items()))


def _joined(name: str, parts: Sequence[LayerProfile]) -> LayerProfile:
    if len(parts) == 1 and parts[0].name == name:
        return parts[0]
    sums = {field: sum(getattr(part, field) for part in parts) for field in ("weights", "zeros", "macs")}
    return replace(parts[0], name=name, kind=f"{parts[0].kind} in {len(parts)} parts", **sums)


def left(layer: LayerProfile) -> int:
    """Weights that are not zero."""
    return layer.weights - layer.zeros


def share(layer: LayerProfile, whole: Mapping[str, LayerProfile]) -> float:
    """What is left of a layer, of the base's weights where the base has it."""
    weights = whole[layer.name].weights if layer.name in whole else layer.weights
    return left(layer) / weights if weights else 0.0


def by_name(profile: Profile | None) -> dict[str, LayerProfile]:
    """Layer -> what is known of it."""
    return {layer.name: layer for layer in profile.layers} if profile else {}


def _line(
    name: str, profile: Profile, base: Profile | None, places: Mapping[str, int], show: Show, colour: str
) -> dict:
    whole = by_name(base)
    values = {"density": lambda e: 100 * share(e, whole), "weights": left, "removed": lambda e: _gone(e, whole)}[show]
    said = [
        f"<b>{escape(layer.name)}</b> ({layer.kind} {' × '.join(map(str, layer.shape))})<br>{escape(name)}: "
        f"{left(layer):,} weights left, {100 * share(layer, whole):.3g} %"
        for layer in profile.layers
    ]
    steady = {"marker": {"opacity": 1}}
    return {
        "x": [places[layer.name] for layer in profile.layers], "y": [values(layer) for layer in profile.layers],
        "mode": "lines+markers", "name": name, "line": {"color": colour, "width": 2}, "marker": {"size": 7},
        "customdata": [[layer.name] for layer in profile.layers], "text": said,
        "hovertemplate": "%{text}<extra></extra>", "selected": steady, "unselected": steady,
    }  # fmt: skip


def _gone(layer: LayerProfile, whole: Mapping[str, LayerProfile]) -> int:
    return (whole[layer.name].weights if layer.name in whole else layer.weights) - left(layer)


def _layout(layers: Sequence[str], show: Show, height: int) -> dict:
    step = -(-len(layers) // FEW)
    shown = list(range(0, len(layers), step))
    scale: dict = {"rangemode": "tozero"} if show != "weights" else {"type": "log", "dtick": 1}
    if show == "density":
        scale = {"range": [0, 104], "ticksuffix": " %"}
    return {
        "height": height, "margin": {"l": 10, "r": 10, "t": 10, "b": 10}, "hovermode": "closest",
        "xaxis": {"tickvals": shown, "ticktext": [escape(layers[i]) for i in shown], "tickangle": -50,
                  "range": [-0.6, len(layers) - 0.4], "zeroline": False, "showgrid": False, "fixedrange": True,
                  "automargin": True},
        "yaxis": {"title": {"text": TITLES[show]}, "zeroline": False, "fixedrange": True, "automargin": True} | scale,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, "clickmode": "event+select",
        "dragmode": False, "hoverlabel": {"align": "left"},
    }  # fmt: skip


def collapses(profile: Profile, base: Profile | None) -> list[str]:
    """What must be said of layers that are empty or nearly so."""
    whole, told = by_name(base), []
    for layer in matched(profile, base).layers:
        if not left(layer):
            told.append(f"{layer.name} has no weights left: only what goes around it reaches the layers behind")
        elif share(layer, whole) < EMPTY:
            told.append(
                f"{layer.name} is nearly empty: {left(layer):,} weights left, {100 * share(layer, whole):.2g} %"
            )
    return told
