"""One network at one layer: what was measured there, and the row of controls that chooses it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from analysis.measurements import Measurement
from analysis.pipelines.geometry_classes import labels_of
from analysis.records import PassRecord
from app import geometry_words, resources
from app.boundary import guarded, plain
from app.figures.variant_colours import COLOURS
from app.geometry_choice import PAGE, Network, Subject, heard
from app.recent import Recent
from app.widgets.embeddings.numbers import told

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from analysis.geometry.registry import Measure

KEY = "geometry.spot"
PENULTIMATE = "penultimate"
KEPT_BYTES = 200_000_000
OF_WEIGHTS = ("weight_norms", "weight_angles", "nc2_weight_norms")
"""Measures whose arrays are of the classes of the head's weights."""

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """A network at a layer."""

    network: Network
    record: PassRecord
    tap: str
    numbers: Mapping[str, Measurement]  # by measure, those of one layer
    of_weights: bool = False  # by the classes of the head's weights, where it names none of the dataset's

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes that arrays are of."""
        return self.record.class_names if self.of_weights else self.network.class_names

    @property
    def by_weights(self) -> Spot:
        """The same by the classes of the head's weights: itself, unless it names none of the dataset's."""
        return replace(self, of_weights=True) if self.network.foreign else self

    def arrays(self, measure: str) -> Arrays:
        """What is drawn beside a number; empty where nothing was kept, or where it is of other classes than these."""
        number = self.numbers.get(measure)
        other = self.network.foreign and self.of_weights != (measure in OF_WEIGHTS)
        if number is None or not number.arrays or other:
            return {}
        key = (self.record.pass_id, self.tap, measure, number.computed_at.isoformat())
        store = resources.store().geometry
        return _arrays().made(key, lambda: store.arrays(self.record.pass_id, self.tap, measure))

    def why(self, measure: str) -> str:
        """In words, why there is nothing to draw of a measure."""
        number = self.numbers.get(measure)
        if number is None:
            return f"{labelled(measure)} was not measured at this layer."
        if number.why:
            return f"{labelled(measure)} is {number.why}."
        return f"What is drawn of {labelled(measure).lower()} is not in the workspace any more. Measure it again."


@st.cache_resource(show_spinner=False)
def _arrays() -> Recent[tuple[str, ...], Arrays]:
    return Recent(KEPT_BYTES, lambda arrays: sum(a.nbytes for a in arrays.values()))


def spot_of(network: Network, tap: str) -> Spot | None:
    """None where nothing was measured there."""
    numbers = {n.measure: n for n in network.numbers if n.tap == tap and not n.other_pass}
    return None if network.record is None or not numbers else Spot(network, network.record, tap, numbers)


def usual_tap(network: Network, tap: str) -> str:
    """The chosen layer where it was measured; else what the head reads; else the last."""
    taps = network.taps
    return next((t for t in (tap, PENULTIMATE, *taps[-1:]) if t in taps), "")


def measured(subject: Subject) -> tuple[Network, ...]:
    return tuple(n for n in subject.networks if n.numbers and n.record is not None)


def chosen(subject: Subject, layers: bool = False) -> Spot | None:
    """The model, where there are several, in this row of controls; None, said, where there is none.

    layers: also the layer, in views that have no choice of it above them.
    """
    networks = measured(subject)
    if not networks:
        st.info(plain(" ".join(n.why for n in subject.networks if n.why) or "Nothing is measured yet."))
        return None
    network = networks[0]
    if len(networks) > 1:
        names = [n.name for n in networks]
        key = f"{KEY}.model"
        if st.session_state.get(key) not in names:
            st.session_state[key] = _last() if _last() in names else names[0]
        picked = st.selectbox("Model", names, key=key, label_visibility="collapsed", width=200)
        st.session_state[f"{KEY}.last"] = picked
        network = networks[names.index(picked)] if picked in names else networks[0]
    tap = usual_tap(network, subject.choice.tap)
    if layers and len(network.taps) > 1:
        tap = layer(network, tap)
    return spot_of(network, tap)


def layer(network: Network, tap: str) -> str:
    """The layer that this view is about."""
    key = PAGE.seed("spot.tap", tap, network.taps)

    @guarded
    def changed() -> None:
        PAGE.change(tap=heard(key, PAGE.current().tap))

    st.selectbox(
        "Layer", network.taps, key=key, format_func=geometry_words.tap, label_visibility="collapsed", width=230,
        on_change=changed,
    )  # fmt: skip
    return tap


def line(name: str) -> DeltaGenerator:
    """A row of controls."""
    return st.container(horizontal=True, vertical_alignment="center", key=f"geometry-line-{name}")


def colours(subject: Subject) -> dict[str, str]:
    """Of each network, as in all charts of the page."""
    return {n.name: COLOURS[i % len(COLOURS)] for i, n in enumerate(subject.networks)}


def _last() -> str:
    return str(st.session_state.get(f"{KEY}.last", ""))


# ---------------------------------------------------------------------------------------------------- numbers in words


def measure_of(name: str) -> Measure:
    from analysis.geometry import MEASURES

    return MEASURES[name]


def labelled(name: str) -> str:
    return measure_of(name).label


def valued(number: Measurement) -> str:
    """`0.975 (0.954 to 0.986) · n = 399`."""
    words = geometry_words.short(number.value) + geometry_words.unit(measure_of(number.measure))
    interval = geometry_words.within(number)
    return words + (f" ({interval})" if interval else "") + f" · {geometry_words.of(number)}"


def explained(name: str, number: Measurement | None = None) -> str:
    """What the cursor reads of a measure: how it is defined, how it is read, where it misleads."""
    measure = measure_of(name)
    words = [f"**{plain(measure.label)}.** {plain(measure.convention)}", plain(measure.note.reads)]
    words += [f"*Misleads:* {plain(measure.note.fails)}"] if measure.note.fails else []
    if number is not None:
        words += [f"*Interval:* 95 %, {plain(number.interval)}."] if number.interval else []
        words += [plain(caveat) for caveat in number.caveats]
    words += [plain(measure.note.paper)] if measure.note.paper else []
    return "\n\n".join(words)


def stated(spot: Spot, names: tuple[str, ...]) -> None:
    """Numbers in a line, each with what the cursor reads of it; then those that are not defined, by the reason why."""
    there = {name: spot.numbers[name] for name in names if name in spot.numbers}
    whys: dict[str, list[str]] = {}
    with st.container(horizontal=True, gap="small"):
        for name, number in there.items():
            if math.isnan(number.value):
                whys.setdefault(number.why, []).append(labelled(name))
                continue
            st.caption(f"{plain(labelled(name))}: **{plain(valued(number))}**", width="content",
                       help=explained(name, number))  # fmt: skip
    for why, labels in whys.items():
        st.caption(plain(f"{', '.join(labels)}: {why or 'not defined here'}."))


# ------------------------------------------------------------------------------------------------- classes and samples


@dataclass(frozen=True, slots=True, eq=False)
class OfClasses:
    """What the pass says of each of the L classes of a spot."""

    own: np.ndarray  # (size,) the class of each sample by its label, -1 where it has none
    answers: np.ndarray  # (size,) what the network said
    counts: np.ndarray  # (L,) samples
    accuracy: np.ndarray  # (L,) NaN where there are none


@st.cache_resource(show_spinner=False)
def _of_classes() -> Recent[tuple[str, bool], OfClasses]:
    return Recent(8)


def of_classes(subject: Subject, spot: Spot) -> OfClasses:
    return _of_classes().made((spot.record.pass_id, spot.of_weights), lambda: _counted(subject, spot))


def _counted(subject: Subject, spot: Spot) -> OfClasses:
    known = told(subject.dataset, spot.record)
    own = np.full(len(known.labels), -1) if spot.of_weights else labels_of(spot.record, known.labels)
    count = len(spot.names)
    asked = (own >= 0) & np.isfinite(known.correct)
    counts = np.bincount(own[own >= 0], minlength=count)
    of = np.bincount(own[asked], minlength=count).astype(np.float64)
    right = np.bincount(own[asked], known.correct[asked], minlength=count)
    accuracy = np.divide(right, of, out=np.full(count, np.nan), where=of > 0)
    return OfClasses(own, known.prediction.astype(np.int64), counts, accuracy)


def all_classes(spot: Spot, measure: str, name: str) -> np.ndarray:
    """(L,) an array of a measure by class, NaN where a class has none."""
    arrays, found = spot.arrays(measure), np.full(len(spot.names), np.nan)
    values = arrays.get(name)
    if values is None:
        return found
    found[arrays["classes"] if "classes" in arrays else np.arange(len(values))] = values
    return found
