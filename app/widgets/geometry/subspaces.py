"""Classes as linear subspaces: do they share directions, and how many directions tell them apart?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from analysis.store import digest
from analysis.types import Report
from app.boundary import plain
from app.figures.geometry_subspaces import by_count
from app.geometry_choice import Subject
from app.widgets.geometry import class_order, features_here, matrices
from app.widgets.geometry.matrices import Kind
from app.widgets.geometry.shell import panel
from app.widgets.geometry.spot import Spot, chosen, colours, explained, line, measured, spot_of, stated

KEY = "geometry.subspaces"
MOST, USUAL = 8, 4
KINDS = {
    "smallest": Kind("Smallest angle", "degrees", "principal_angles", "smallest", "falling", False, digits=1),
    "mean": Kind("Mean angle", "degrees", "principal_angles", "mean", "falling", False, digits=1),
    "largest": Kind("Largest angle", "degrees", "principal_angles", "largest", "falling", False, digits=1),
    "arc": Kind("Arc length", "radians", "grassmann_distance", "distances", "falling", False),
    "chordal": Kind("Chordal", "distance", "grassmann_chordal", "distances", "falling", False),
}
SIDE, CAPTION_PX = 430, 28


def section(subject: Subject) -> None:
    """Angles between all pairs of classes at k directions; then accuracy and energy by k."""
    with line("subspaces"):
        spot = chosen(subject, layers=True)
        if spot is not None:
            class_order.controls(subject, spot)
    if spot is None:
        return
    if not any(spot.arrays(name) for name in ("principal_angles", "subspace_classifier", "subspace_energy")):
        st.info(plain(spot.why("principal_angles")), icon=":material/info:")
        return
    with line("subspaces-k"):
        kind = st.segmented_control(
            "Number", KINDS, default="smallest", format_func=lambda name: KINDS[name].label, key=f"{KEY}.kind",
            required=True, label_visibility="collapsed",
        ) or "smallest"  # fmt: skip
        st.caption(
            "directions of each class, k", width="content",
            help=f"How many leading directions each class's subspace has. k = {USUAL} is measured with everything "
            "else; angles at any other are computed from the features here.",
        )  # fmt: skip
        k = int(st.slider(
            "Directions of each class, k", 1, MOST, USUAL, key=f"{KEY}.k", width=230, label_visibility="collapsed",
        ))  # fmt: skip
    _angles(subject, spot, KINDS[kind], k)
    left, right = st.columns(2, gap="small")
    with left, panel("subspace-accuracy", "Accuracy by k", "how many directions tell classes apart?"):
        _accuracy(subject, spot, k)
    with right, panel("subspace-energy", "What k directions hold", "share of a class's squared length"):
        _energy(subject, spot, k)


def _angles(subject: Subject, spot: Spot, kind: Kind, k: int) -> None:
    left, right = st.columns([60, 40], gap="small")
    with left:
        found = _found(spot, kind, k)
    if found is None:
        return
    arrays, samples = found
    square = matrices.squared(
        subject, spot, kind, np.asarray(arrays["classes"]), np.asarray(arrays[kind.array], np.float64)
    )
    with (
        left,
        panel("angles", f"{kind.label} between class subspaces", f"strong colours: they share directions; k = {k}"),
    ):
        matrices.drawn(subject, spot, square, f"{KEY}.matrix", height=SIDE)
        own = replace(spot.numbers[kind.measure], samples=samples)
        matrices.noted(replace(spot, numbers={**spot.numbers, kind.measure: own}), square, f"k = {k}")
    with right, panel("angle-pairs", "Closest", "click a row to select both"):
        matrices.listed(subject, spot, square, f"{KEY}.pairs.{k}", SIDE + CAPTION_PX)


def _found(spot: Spot, kind: Kind, k: int) -> tuple[Mapping[str, np.ndarray], int] | None:
    """Arrays and n as measured, or at another k as computed here; None, said, where there is nothing yet or at all."""
    number = spot.numbers.get(kind.measure)
    if number is None:
        st.info(plain(spot.why(kind.measure)), icon=":material/info:")
        return None
    if number.params.get("k", USUAL) == k and (arrays := spot.arrays(kind.measure)):
        return arrays, number.samples
    found = _at(spot, k)
    if found is None:
        st.space(SIDE)  # what is below keeps its place
        return None
    at = found[kind.measure]
    if at.why:
        fewer = " Fewer directions may do." if k > 1 else ""
        st.info(plain(f"{kind.label} at k = {k} is {at.why}.{fewer}"), icon=":material/info:")
        return None
    return at.arrays, at.samples


def _at(spot: Spot, k: int) -> dict[str, Any] | None:
    """Angles and distances at another k, by measure."""
    from analysis.geometry import MEASURES

    names = ("principal_angles", "grassmann_distance", "grassmann_chordal")

    def make(report: Report) -> dict[str, Any]:
        features = features_here.features(spot.record, spot.tap)
        return {name: MEASURES[name].function(features, k=k) for name in names}

    key = digest(family="subspaces", of=spot.record.pass_id, tap=spot.tap, k=k)
    return features_here.made(key, f"Angles between subspaces of {k} directions", make).value


def _accuracy(subject: Subject, spot: Spot, k: int) -> None:
    """By k, of all networks on show at this layer."""
    lines, accuracies = {}, {}
    for network in measured(subject):
        own = spot if network is spot.network else spot_of(network, spot.tap)
        if own is None or "by_k" not in own.arrays("subspace_classifier"):
            continue
        lines[network.name] = np.asarray(own.arrays("subspace_classifier")["by_k"])
        accuracies[network.name] = own.record.accuracy
    if spot.network.name not in lines:
        st.info(plain(spot.why("subspace_classifier")), icon=":material/info:")
        return
    levels = {name: 100 * a for name, a in accuracies.items() if a is not None}
    _draw(by_count(
        {name: 100 * values for name, values in lines.items()}, colours(subject), "Accuracy, %", chosen=k,
        levels=levels,
    ), f"{KEY}.accuracy")  # fmt: skip
    own = lines[spot.network.name]
    kept = min(k, len(own))
    number = spot.numbers["subspace_classifier"]
    st.caption(
        f"{plain(spot.network.name)}: **{100 * own[kept - 1]:.1f} %** at k = {kept} · n = {number.samples:,}"
        + (" · dotted: the network itself" if levels else ""), help=explained("subspace_classifier", number),
    )  # fmt: skip


def _energy(subject: Subject, spot: Spot, k: int) -> None:
    """Over k, the mean over classes of every network; the classes that k directions hold least of."""
    lines = {}
    for network in measured(subject):
        own = spot if network is spot.network else spot_of(network, spot.tap)
        if own is not None and "by_k" in own.arrays("subspace_energy"):
            lines[network.name] = 100 * np.asarray(own.arrays("subspace_energy")["by_k"])
    if spot.network.name not in lines:
        st.info(plain(spot.why("subspace_energy")), icon=":material/info:")
        return
    _draw(by_count(
        lines, colours(subject), "Energy, %", chosen=k
    ), f"{KEY}.energy")  # fmt: skip
    arrays = spot.arrays("subspace_energy")
    held = np.asarray(arrays["per_class"])[:, min(k, MOST) - 1]
    if np.isfinite(held).any():
        least = int(np.nanargmin(held))
        name = spot.names[int(arrays["classes"][least])]
        st.caption(f"Least at k = {k}: {plain(name)}, {100 * held[least]:.1f} %")
    stated(spot, ("subspace_energy", "variability_ratio"))


def _draw(figure: go.Figure, key: str) -> None:
    st.plotly_chart(figure, key=key, config={"displayModeBar": False})
