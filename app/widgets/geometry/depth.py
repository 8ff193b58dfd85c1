"""By depth: any measure from the input to the head, a line a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from analysis.measurements import Measurement
from app import geometry_words as words
from app.boundary import guarded, plain
from app.figures.variant_colours import COLOURS
from app.geometry_choice import PAGE, Network, Subject, heard
from app.widgets.geometry import picker
from app.widgets.geometry.shell import panel

if TYPE_CHECKING:
    from app.figures.geometry_depth import Chart, Line

CHART = "geometry.depth"
MOST = 12  # charts at once
HEIGHTS = {1: 560, 2: 470}
ROW_PX = 235
BESIDE = 0.12  # between models at one layer, of which there is no line to draw


def section(subject: Subject) -> None:
    """Choose measures, draw them, and say how each is read."""
    names = known(subject.networks)
    if not names:
        st.info("Nothing of these models is measured here yet.")
        return
    with panel("depth", "Measures by depth", "95 % intervals as bands; put the cursor on a title or a point"):
        shown = _chosen(subject, names)
        if len(picker.taps(subject.networks)) < 2:
            st.caption("Only one layer is measured so far. Measure what each block gives to see how it comes about.")
        draw(subject, shown, key=CHART, across=1 if len(shown) == 1 else 2 if len(shown) in (2, 4) else 3)
        st.caption("A click on a point makes its layer the one of the other views.")
    with panel("depth-notes", "How each is taken", "its form, how it is read, and where it misleads"):
        _notes(shown)


def offered(networks: Sequence[Network]) -> dict[str, str]:
    """Measures with a number: name -> `label · group`."""
    there = {n.measure for network in networks for n in network.numbers if not n.other_pass and n.value == n.value}
    return {name: label for name, label in known(networks).items() if name in there}


def known(networks: Sequence[Network]) -> dict[str, str]:
    """Measures that were taken, also where they are not defined: name -> `label · group`."""
    from analysis.geometry import MEASURES

    there = words.in_order(n.measure for network in networks for n in network.numbers if not n.other_pass)
    place = {group: i for i, group in enumerate(words.GROUPS)}
    found = sorted((MEASURES[name] for name in there), key=lambda m: place.get(m.group, len(place)))
    return {m.name: f"{m.label} · {m.group}" for m in found}


def _chosen(subject: Subject, names: dict[str, str]) -> list[str]:
    """Those of the choice; without any the telling few."""
    defined = offered(subject.networks)
    usual = [n for n in words.TELLING if n in defined] or list(defined or names)[:6]
    asked = [n for n in subject.choice.measures if n in names]
    key = PAGE.seed("measures", asked, names)
    st.multiselect(
        "Measures", names, key=key, format_func=lambda n: names.get(n) or n, max_selections=MOST,
        placeholder="A telling few; choose any others", label_visibility="collapsed", on_change=guarded(_take),
        args=(key,),
    )  # fmt: skip
    return asked or usual


def _take(key: str) -> None:
    PAGE.change(measures=tuple(heard(key, PAGE.current().measures)))


def draw(subject: Subject, names: Sequence[str], *, key: str, across: int, height: int = 0) -> None:
    """The charts of these measures; a click on a point sets the layer."""
    import pandas  # noqa: F401  # the engine may be importing it: plotly must not find half of it

    from app.figures.geometry_depth import depth

    down = -(-len(names) // across)
    axis = axis_of(subject.networks)
    shown = charts(subject.networks, names)
    figure = depth(
        shown, axis.ticks, across=across, chosen=axis.at(subject.choice.tap), dark=st.context.theme.type == "dark",
        height=height or HEIGHTS.get(down * across, ROW_PX * down + 40),
    )  # fmt: skip
    own = f"{key}.{len(names)}"
    st.plotly_chart(
        figure, key=own, on_select=lambda: _picked(own), selection_mode="points",
        config={"displaylogo": False, "displayModeBar": False},
    )  # fmt: skip
    if axis.own:
        st.caption("These models have other layers than each other: each is drawn over its own depth.")
    _lacking(subject.networks, names, shown)


def _lacking(networks: Sequence[Network], names: Sequence[str], shown: Sequence[Chart]) -> None:
    """Say, below charts of several models, which line is not there and why."""
    for network in networks:
        gone: dict[str, list[str]] = {}
        for name, chart in zip(names, shown, strict=True):
            drawn = {line.name for line in chart.lines if np.isfinite(line.values).any()}
            if drawn and network.name not in drawn:
                gone.setdefault(_why(network, name), []).append(chart.title)
        for why, titles in gone.items():
            st.caption(plain(f"{network.name} has no line of {', '.join(titles)}: {why}."))


def _why(network: Network, name: str) -> str:
    """Why it has no number of a measure at any layer."""
    own = [n.why for n in network.numbers if n.measure == name and not n.other_pass and n.why]
    return own[-1] if own else "not measured"


@dataclass(frozen=True, slots=True)
class Axis:
    """The layers from the input to the head: one order of all, or, where models have other layers, each its own."""

    ticks: tuple[str, ...]
    places: Mapping[str, Mapping[str, float]]  # model -> layer -> where
    own: bool

    def at(self, tap: str) -> float:
        """Where a layer stands; -1 where it does not, or not at one place."""
        found = {round(of[tap], 6) for of in self.places.values() if tap in of}
        return found.pop() if len(found) == 1 else -1


def axis_of(networks: Sequence[Network]) -> Axis:
    """In one order where one of the models has all layers that any has; else from 0 to 100 % of each one's layers."""
    order = picker.taps(networks)
    longest = max((len(n.taps) for n in networks), default=0)
    if longest == len(order):
        places = {tap: float(i) for i, tap in enumerate(order)}
        return Axis(tuple(words.tap_short(t) for t in order), {n.name: places for n in networks}, own=False)
    own = {n.name: {tap: 100 * i / max(len(n.taps) - 1, 1) for i, tap in enumerate(n.taps)} for n in networks}
    return Axis(tuple(f"{part} %" for part in range(101)), own, own=True)


def charts(networks: Sequence[Network], names: Sequence[str]) -> list[Chart]:
    """The measures with a line for each network that has them."""
    from analysis.geometry import MEASURES
    from app.figures.geometry_depth import Chart

    axis = axis_of(networks)
    beside = BESIDE if len(axis.ticks) == 1 else 0.0
    made = []
    for name in names:
        measure = MEASURES[name]
        lines = [
            _line(n, name, axis.places[n.name], COLOURS[i % len(COLOURS)], beside * (i - (len(networks) - 1) / 2))
            for i, n in enumerate(networks)
        ]
        unit = "" if measure.unit in ("dimensions", "features") else measure.unit
        said = f"{words.explained(measure)} Taken as: {measure.convention}"
        why = "; ".join(dict.fromkeys(_why(n, name) for n in networks))
        why = f"{why[:1].upper()}{why[1:]}."
        made.append(Chart(measure.label, unit, said, [line for line in lines if len(line.values)], why))
    return made


def _line(network: Network, name: str, axis: Mapping[str, float], colour: str, shift: float) -> Line:
    from app.figures.geometry_depth import Line

    found: dict[str, Measurement] = {n.tap: n for n in network.numbers if n.measure == name and not n.other_pass}
    numbers = sorted(found.values(), key=lambda n: axis[n.tap])
    values, low, high = (np.array([getattr(n, of) for n in numbers], float) for of in ("value", "low", "high"))
    places = np.array([axis[n.tap] for n in numbers], float) + shift
    return Line(
        network.name, colour, places, [n.tap for n in numbers], values, low, high, [words.told(n) for n in numbers]
    )


def _notes(names: Sequence[str]) -> None:
    from analysis.geometry import MEASURES

    columns = st.columns(2, gap="medium")
    for i, name in enumerate(names):
        m = MEASURES[name]
        moved = f" Unmoved by {m.unmoved_by}." if m.unmoved else ""
        columns[i % 2].caption(
            f"**{plain(m.label)}**. {plain(m.note.reads)} {plain(m.note.fails)} *{plain(m.convention)}*{moved} "
            f"{plain(m.note.paper)}"
        )


@guarded
def _picked(key: str) -> None:
    """A click on a point."""
    event: Any = st.session_state.get(key)
    points = event["selection"]["points"] if event else []
    if points:
        PAGE.change(tap=str(points[0]["customdata"][1]))
