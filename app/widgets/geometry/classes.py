"""The classes of one network at one layer: which are alike, how their samples are spread, each in numbers."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.boundary import guarded, plain
from app.figures.geometry_distributions import by_class
from app.figures.geometry_matrix import PAINTED, bounds
from app.figures.geometry_sphere import sphere
from app.geometry_choice import Subject
from app.widgets.embeddings import explore
from app.widgets.embeddings.numbers import told
from app.widgets.geometry import class_order, class_sizes, class_table, matrices
from app.widgets.geometry.matrices import KINDS, Square
from app.widgets.geometry.picked import select, turned
from app.widgets.geometry.shell import panel
from app.widgets.geometry.spot import Spot, chosen, line, of_classes, stated

KEY = "geometry.classes"
SPREAD_KEY = f"{KEY}.spread.chart"
SPREADS = ("angle_to_mean", "angle_to_weight", "length", "margin_distance", "margin_logit")
AXES = {
    "angle_to_mean": "Angle to the own class's mean, degrees",
    "angle_to_weight": "Angle to the own class's weights, degrees",
    "length": "Length of the features",
    "margin_distance": "Distance to the decision boundary",
    "margin_logit": "Logit margin",
}
POINTS = 6000
"""Samples that are drawn; of more, evenly spaced ones."""

SIDE, LOW, SPREAD = 400, 340, 410


def section(subject: Subject) -> None:
    """Matrices side by side with the pairs that stand out; spreads; the table."""
    with line("classes"):
        spot = chosen(subject, layers=True)
        if spot is not None:
            class_order.controls(subject, spot)
    if spot is None:
        return
    if not len(spot.arrays("class_mean_angles")) and not len(spot.by_weights.arrays("weight_angles")):
        st.info(plain(spot.why("class_mean_angles")), icon=":material/label_off:")
        _spreads(subject, spot)
        return
    _alike(subject, spot)
    left, right = st.columns(2, gap="small")
    with left:
        _spreads(subject, spot)
    with right, panel("sphere", "Length and angle", "is it the direction, or how much of it?"):
        _sphere(subject, spot)
    left, right = st.columns([64, 36], gap="small")
    with left, panel("table", "Each class", "click a row to select its samples"):
        class_table.table(subject, spot)
    with right, panel("margins", "Margins between classes", "which is close to being called which?"):
        _margins(subject, spot)
    class_sizes.section(subject, spot)


def _alike(subject: Subject, spot: Spot) -> None:
    """Weights and means on one scale, then the pairs."""
    spots = {"weights": spot.by_weights, "means": spot}
    found = {name: matrices.square(subject, own, KINDS[name]) for name, own in spots.items()}
    there = [s for s in found.values() if s is not None]
    cells, many = [s.values.ravel() for s in there], any(len(s.classes) > PAINTED for s in there)
    span = bounds(np.concatenate(cells), "signed", clipped=many) if there else None
    places = st.columns([34, 34, 32] if len(there) == 2 else [62, 38], gap="small")
    titles = {"weights": ("Class weights", "what the head tells apart"), "means": ("Class means", "where samples lie")}
    for name, place in zip((n for n, s in found.items() if s is not None), places, strict=False):
        one = found[name]
        assert one is not None
        with place, panel(f"cosines-{name}", *titles[name]):
            matrices.drawn(subject, spots[name], one, f"{KEY}.{name}", span=span, height=SIDE)
            matrices.noted(spots[name], one, "cosine, means less their mean" if name == "means" else "cosine")
    with places[-1], panel("pairs", "Most alike", "click a row to select both"):
        _pairs(subject, spots, found)
    if found["weights"] is None:
        st.caption(plain(spot.why("weight_angles")))


def _pairs(subject: Subject, spots: dict[str, Spot], found: dict[str, Square | None]) -> None:
    words = {name: f"By {name}" for name, one in found.items() if one is not None}
    by = next(name for name in words if len(words) == 1 or not spots[name].of_weights)
    if len(words) > 1:
        by = st.segmented_control(
            "By", words, default=by, format_func=words.__getitem__, key=f"{KEY}.pairs.by", required=True,
            label_visibility="collapsed",
        ) or by  # fmt: skip
    one = found[by]
    assert one is not None
    matrices.listed(subject, spots[by], one, f"{KEY}.pairs.{by}", SIDE - 10)


def _spreads(subject: Subject, spot: Spot) -> None:
    offered = [name for name in SPREADS if len(spot.arrays(name).get("quantiles", ()))]
    with panel("spread", "Spread within classes", "median, the middle half, nine of ten samples"):
        if not offered:
            st.info(plain(spot.why("length")), icon=":material/info:")
            return
        name = st.segmented_control(
            "Number", offered, default=offered[0], format_func=_brief, key=f"{KEY}.spread.{'.'.join(offered)}",
            required=True, label_visibility="collapsed",
        ) or offered[0]  # fmt: skip
        arrays = spot.arrays(name)
        classes = class_order.shown(subject, spot, np.asarray(arrays["classes"]))
        rows = np.searchsorted(arrays["classes"], classes)
        figure = by_class(
            np.asarray(arrays["quantiles"])[rows], [spot.names[c] for c in classes], classes.tolist(),
            title=AXES[name], height=SPREAD, dark=st.context.theme.type == "dark",
        )  # fmt: skip
        explore.clickable(figure, turned(SPREAD_KEY), lambda code: _of_class(subject, spot, int(code[0])))
        stated(spot, (name,))


def _brief(name: str) -> str:
    return {"angle_to_mean": "Angle to mean", "angle_to_weight": "Angle to weights", "length": "Length",
            "margin_distance": "Margin", "margin_logit": "Logit margin"}[name]  # fmt: skip


def _of_class(subject: Subject, spot: Spot, code: int) -> None:
    samples = np.flatnonzero(of_classes(subject, spot).own == code)
    select(subject, samples, f"class {spot.names[code]}", SPREAD_KEY)


def _sphere(subject: Subject, spot: Spot) -> None:
    """Points of samples, lassoed to select; what angle alone and length alone tell."""
    name = "angle_to_weight" if "samples" in spot.arrays("angle_to_weight") else "angle_to_mean"
    angles, lengths = spot.arrays(name).get("samples"), spot.arrays("length").get("samples")
    if angles is None or lengths is None:
        st.info(plain(spot.why(name)), icon=":material/info:")
        return
    if len(angles) != subject.dataset.size:
        st.info(
            f"Of {subject.dataset.size - len(angles):,} samples the features are not finite: which points are whose "
            "is not kept, so they are not drawn."
        )
        return
    known = told(subject.dataset, spot.record)
    samples = drawn_samples(np.isfinite(angles), subject.selected)
    own = of_classes(subject, spot).own[samples]
    words = _words(spot, own if spot.network.foreign else known.prediction[samples], own)
    figure = sphere(
        angles[samples], lengths[samples], known.correct[samples], samples, words,
        chosen=None if subject.selected is None else np.isin(samples, subject.selected), angle=AXES[name], height=LOW,
        dark=st.context.theme.type == "dark",
    )  # fmt: skip
    key = turned(f"{KEY}.sphere")

    @guarded
    def lassoed() -> None:
        points = explore.selected(key).get("points") or []
        ids = [int(p["customdata"][0]) for p in points if p.get("customdata") is not None]
        if ids:
            select(subject, np.array(ids), "lasso in length and angle", f"{KEY}.sphere")

    st.plotly_chart(
        figure, key=key, on_select=lassoed, selection_mode=("lasso", "box"), config={"displayModeBar": False}
    )
    stated(spot, ("sphere_accuracy", "sphere_gap", "sphere_length_tells", "sphere_angle_tells"))
    if len(samples) < len(angles):
        st.caption(f"{len(samples):,} of {len(angles):,} samples are drawn. A lasso selects those that are.")


def drawn_samples(there: np.ndarray, selected: np.ndarray | None, most: int = POINTS) -> np.ndarray:
    """Evenly spaced ones of those that have a place, and as many of the selected ones; ascending."""
    found = np.flatnonzero(there)
    even = found[:: max(1, -(-len(found) // most))]
    if selected is None:
        return even
    own = selected[there[selected]]
    return np.union1d(even, own[:: max(1, -(-len(own) // most))])


def _words(spot: Spot, answers: np.ndarray, own: np.ndarray) -> list[str]:
    names = (*spot.names, "no label")
    return [
        names[o] if a == o or a < 0 else f"{names[o]}, taken for {names[a]}" for a, o in zip(answers, own, strict=True)
    ]


def _margins(subject: Subject, spot: Spot) -> None:
    found = matrices.square(subject, spot, KINDS["margins"])
    if found is None:
        st.info(plain(spot.why("pair_margins")), icon=":material/info:")
        return
    words = {"matrix": "Matrix", "list": "Closest"}
    shown = st.segmented_control(
        "As", words, default="matrix", format_func=words.__getitem__, key=f"{KEY}.margins.as", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    if shown == "list":
        matrices.listed(subject, spot, found, f"{KEY}.margins.list", SIDE)
    else:
        matrices.drawn(
            subject, spot, found, f"{KEY}.margins", height=SIDE, words=("class of the samples", "the other class")
        )
    matrices.noted(spot, found, "median of the row's samples")
