"""Which layers of a network read the same, and which networks at the same layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from analysis.measurements import Measurement
from app import geometry_words as words
from app import resources
from app.boundary import guarded, plain
from app.figures.geometry_matrix import Scale, bounds, heat
from app.figures.geometry_similarity import by_layer
from app.geometry_choice import PAGE, Network, Subject, heard
from app.widgets.geometry.shell import panel
from app.widgets.geometry.spot import colours, explained, labelled, line, measure_of, measured, usual_tap
from models.errors import CutawayError

if TYPE_CHECKING:
    from analysis.geometry.matrices import Matrix

KEY = "geometry.similarity"
USUAL = ("cka", "cka_minibatch")
BIASED = "cka(estimator=biased)"  # the form of many papers
SIDE = 420
NOTHING = 0.05  # so far below 0 is chance
LETTERS = 18  # of a name at a side of a matrix
SAMPLES_OF_SLOW = 2000


def section(subject: Subject) -> None:
    """The measure; layers with layers of each network; networks with each other."""
    networks = measured(subject)
    if not networks:
        st.info("Nothing is measured yet.")
        return
    name = _measure(subject, networks)
    numbers = [n for network in networks for n in network.numbers]
    if not any(n.measure == name for n in numbers):
        _ask(subject, networks, name)
        return
    columns = st.columns(min(len(networks), 3), gap="small") if len(networks) > 1 else [st.container()]
    for i, network in enumerate(networks):
        with columns[i % len(columns)], panel(f"layers-{i}", plain(network.name), "which of its layers read the same?"):
            _layers(network, numbers, name, len(networks))
    if len(networks) > 1:
        _networks(subject, networks, numbers, name)


def _measure(subject: Subject, networks: Sequence[Network]) -> str:
    """What is measured comes first; the rest is offered."""
    from analysis.geometry import MEASURES

    there = {n.measure for network in networks for n in network.numbers if n.other_pass}
    pairs = [m.name for m in MEASURES if m.kind == "pair" and m.group == "similarity"]
    asked = subject.choice.shown
    known = words.in_order([*pairs, BIASED, *there, *[asked] * _is_pair(asked)])
    known = sorted(known, key=lambda name: (name not in there, name not in USUAL, name != BIASED))
    name = asked if asked in known else known[0]
    key = PAGE.seed("similarity.measure", name, [*known, *sorted(there)])

    @guarded
    def changed() -> None:
        PAGE.change(shown=heard(key, PAGE.current().shown))

    with line("similarity"):
        st.selectbox(
            "Measure", known, key=key, width=330, label_visibility="collapsed", on_change=changed,
            format_func=lambda n: labelled(n) + ("" if n in there else " (not measured yet)"),
        )  # fmt: skip
        _settings(name)
        st.caption(plain(MEASURES[name].convention), width="stretch", help=explained(name))
    return name


def _is_pair(name: str) -> bool:
    """Whether an address names a measure of two, with parameters that it takes."""
    from analysis.geometry import MEASURES

    try:
        measure = MEASURES[name]
    except CutawayError:
        return False
    return measure.name == name and measure.kind == "pair" and measure.group == "similarity"


def _settings(name: str) -> None:
    """A popover with what this measure lets one turn: with other settings it is a number of its own."""
    from analysis.geometry import MEASURES
    from app.widgets.knobs import knobs

    usual = MEASURES[name.partition("(")[0]]
    if not usual.parameters:
        return
    box = st.popover("Settings", icon=":material/tune:", key=f"{KEY}.settings", on_change="rerun")
    if not box.open:
        return
    with box:
        turned = usual.turned(dict(knobs(usual, MEASURES[name].bound(), KEY, start=PAGE.start)))
        st.button(
            "Use these", type="primary", key=f"{KEY}.use", disabled=turned.name == name, on_click=guarded(PAGE.change),
            kwargs={"shown": turned.name}, help="With other settings a measure is another number, under its own name.",
        )  # fmt: skip


def _ask(subject: Subject, networks: Sequence[Network], name: str) -> None:
    """Offer to measure it: a job, as it may take minutes."""
    st.info(f"{plain(labelled(name))} of these layers is not measured yet.", icon=":material/straighten:")
    st.button(
        f"Measure {labelled(name)}", type="primary", icon=":material/play_arrow:", key=f"{KEY}.ask.{name}",
        on_click=guarded(_start), args=(subject, tuple(networks), name), disabled=resources.engine() is not None,
        help="Of all layers that are measured of each model, and of the layers that the models share.",
    )  # fmt: skip


def _start(subject: Subject, networks: Sequence[Network], name: str) -> None:
    from analysis.pipelines.geometry import asked

    taps = networks[0].taps
    same = all(network.taps == taps for network in networks)
    arguments = asked(
        resources.store(), resources.settings().workspace, models=[n.name for n in networks],
        dataset_id=subject.dataset.dataset_id, condition=subject.choice.condition, taps=taps if same else "main",
        measures=[name],
    )  # fmt: skip
    resources.work().submit("geometry", arguments, f"{labelled(name)} over {subject.dataset.name}")


def scale(matrix: Matrix, values: np.ndarray) -> Scale:
    """Dark is alike: large numbers, but of a distance. From 0, unless numbers are well below it."""
    if measure_of(matrix.measure).distance:
        return Scale("falling", 0.0, bounds(values, "falling")[1], "distance")
    least = float(np.nanmin(values)) if np.isfinite(values).any() else 0.0
    return Scale("rising", 0.0 if least > -NOTHING else np.floor(10 * least) / 10, 1.0, "similarity")


def _layers(network: Network, numbers: Sequence[Measurement], name: str, shown: int) -> None:
    from analysis.pipelines.geometry_similarity import layers

    assert network.record is not None
    found = layers(numbers, network.record.pass_id, name)
    if found is None or len(found.rows) < 2:
        st.caption("It takes two layers that are measured. Measure what each block gives to see more.")
        return
    height = SIDE if shown < 3 else SIDE - 60
    _draw(found, f"{KEY}.layers.{network.name}", [words.tap_short(t) for t in found.rows], height)
    _told(found, _closest(found))


def _draw(found: Matrix, key: str, names: Sequence[str], height: int) -> None:
    figure = heat(
        found.values, names, names, scale(found, found.values), notes=notes(found), height=height,
        dark=st.context.theme.type == "dark",
    )  # fmt: skip
    st.plotly_chart(figure, key=key, config={"displayModeBar": False})


def notes(found: Matrix) -> list[list[str]]:
    """What the cursor reads below each number."""
    said = []
    for i in range(len(found.rows)):
        row = []
        for j in range(len(found.columns)):
            if found.whys[i][j]:
                row.append(found.whys[i][j])
            elif not found.samples[i, j]:
                row.append("the same")
            else:
                low, high = found.lows[i, j], found.highs[i, j]
                interval = f", 95 %: {words.short(low)} to {words.short(high)}" if np.isfinite(low) else ""
                row.append(f"n = {found.samples[i, j]:,}{interval}")
        said.append(row)
    return said


def _closest(found: Matrix) -> str:
    """Neighbours between which most changes: where a network does its work."""
    if len(found.rows) < 3:
        return ""
    steps = np.array([found.values[i, i + 1] for i in range(len(found.rows) - 1)])
    if not np.isfinite(steps).any():
        return ""
    at = int(np.nanargmax(steps) if measure_of(found.measure).distance else np.nanargmin(steps))
    one, two = words.tap(found.rows[at]), words.tap(found.rows[at + 1])
    return f"most changes between {one} and {two} ({words.short(float(steps[at]))})"


def _told(found: Matrix, more: str = "") -> None:
    samples = int(found.samples.max(initial=0))
    text = f"n = {samples:,}" + (f" · {more}" if more else "")
    extra = [f"*Interval:* 95 %, {plain(found.interval)}."] if found.interval else []
    st.caption(plain(text), help="\n\n".join([explained(found.measure), *extra, *map(plain, found.caveats)]))


def _networks(subject: Subject, networks: Sequence[Network], numbers: Sequence[Measurement], name: str) -> None:
    from analysis.pipelines.geometry_similarity import networks as between

    ids = {n.name: n.record.pass_id for n in networks if n.record is not None}
    shared = [
        tap for tap in networks[0].taps
        if any(n.tap == n.other_tap == tap and n.measure == name and n.pass_id != n.other_pass for n in numbers)
    ]  # fmt: skip
    if not shared:
        st.info(f"{plain(labelled(name))} between these models is not measured yet, or they share no layer.")
        return
    left, right = st.columns([45, 55], gap="small")
    with left, panel("networks", "Models with each other", "who reads the same at this layer?"):
        usual = usual_tap(networks[0], subject.choice.tap)
        with line("similarity-layer"):
            tap = _layer(shared, usual if usual in shared else shared[-1])
        found = between(numbers, ids, tap, name)
        if found is not None:
            _draw(found, f"{KEY}.networks", ended(found.rows), SIDE - 80)
            _told(found)
    with right, panel("networks-depth", "By depth", f"how alike to {plain(networks[0].name)}, layer by layer?"):
        lines = _lines(networks, numbers, name, shared)
        if len(shared) == 1:
            st.caption(f"They share the {words.tap(shared[0])} alone, so there is no course to draw.")
            for other, (values, lows, highs) in lines.items():
                within = f" ({words.short(lows[0])} to {words.short(highs[0])})" if np.isfinite(lows[0]) else ""
                st.markdown(f"{plain(other)}: **{words.short(values[0])}**{within}")
            return
        figure = by_layer(
            lines, [words.tap_short(t) for t in shared], colours(subject), labelled(name), height=SIDE - 40,
            distance=measure_of(name).distance,
        )  # fmt: skip
        st.plotly_chart(figure, key=f"{KEY}.depth", config={"displayModeBar": False})


def ended(names: Sequence[str]) -> list[str]:
    """Of long names the last words, which tell variants apart; as they are, where only their beginnings do."""
    ends = [n if len(n) <= LETTERS else f"…{n[1 - LETTERS :].partition('-')[2] or n[1 - LETTERS :]}" for n in names]
    return ends if len(set(ends)) == len(set(names)) else list(names)


def _layer(taps: Sequence[str], tap: str) -> str:
    key = PAGE.seed("similarity.tap", tap, taps)

    @guarded
    def changed() -> None:
        PAGE.change(tap=heard(key, PAGE.current().tap))

    st.selectbox(
        "Layer", taps, key=key, format_func=words.tap, label_visibility="collapsed", width=230, on_change=changed
    )
    return tap


Line = tuple[np.ndarray, np.ndarray, np.ndarray]


def _lines(
    networks: Sequence[Network], numbers: Sequence[Measurement], name: str, taps: Sequence[str]
) -> dict[str, Line]:
    """Of each network but the first: (T,) how alike it is to the first, and its interval."""
    first = networks[0].record
    assert first is not None
    found: dict[str, Line] = {}
    for network in networks[1:]:
        assert network.record is not None
        both = {first.pass_id, network.record.pass_id}
        own = {
            n.tap: n for n in numbers
            if n.measure == name and n.tap == n.other_tap and {n.pass_id, n.other_pass} == both
        }  # fmt: skip
        values, lows, highs = (
            np.array([getattr(own[t], which) if t in own else np.nan for t in taps])
            for which in ("value", "low", "high")
        )
        found[network.name] = (values, lows, highs)
    return found
