"""In which order classes stand, and which of them: one row of controls for every matrix of classes."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.boundary import guarded
from app.geometry_choice import PAGE, Subject, heard
from app.recent import Recent
from app.widgets.geometry.spot import Spot, of_classes

ORDERS = {"index": "Index", "name": "Name", "similarity": "Similarity", "accuracy": "Accuracy"}
MANY = 20
"""Of more classes than these, some can be picked out."""

EXACT = 200
"""Classes up to which the leaves of the tree are turned so that neighbours are as alike as can be."""


@st.cache_resource(show_spinner=False)
def _leaves() -> Recent[tuple[str, str, bool], np.ndarray]:
    return Recent(16)


def controls(subject: Subject, spot: Spot) -> None:
    """How classes are ordered, and of many which are on show; the address keeps both."""
    offered = [name for name in ORDERS if name != "accuracy" or not spot.network.foreign]
    order = subject.choice.order if subject.choice.order in offered else "index"
    key = PAGE.seed("class_order.order", order, offered)

    @guarded
    def ordered() -> None:
        PAGE.change(order=heard(key, order) or "index")

    st.segmented_control(
        "Order of classes", offered, format_func=ORDERS.__getitem__, key=key, required=True, on_change=ordered,
        label_visibility="collapsed",
        help="Similarity: the leaves of the tree that average linkage makes of 1 − cosine between class means (of the "
        "weights, where there are no means). Accuracy: the worst first.",
    )  # fmt: skip
    if len(spot.names) <= MANY:
        return
    names = tuple(dict.fromkeys(spot.names))
    some = PAGE.seed("class_order.some", [name for name in subject.choice.classes if name in names], names)

    @guarded
    def picked() -> None:
        PAGE.change(classes=tuple(heard(some, subject.choice.classes)))

    st.multiselect(
        "Classes", names, key=some, on_change=picked, placeholder=f"All {len(names):,} classes; pick some",
        label_visibility="collapsed", max_selections=64,
    )  # fmt: skip


def shown(subject: Subject, spot: Spot, classes: np.ndarray) -> np.ndarray:
    """Those of the classes that are on show, in the order that was chosen; picked ones are found by their names."""
    wanted = set(subject.choice.classes)
    kept = np.array([c for c in classes if spot.names[c] in wanted], np.int64) if wanted else classes
    kept = kept if len(kept) > 1 else classes
    return kept[np.argsort(_ranks(subject, spot)[kept], kind="stable")]


def _ranks(subject: Subject, spot: Spot) -> np.ndarray:
    """(L,) what classes are sorted by."""
    order, count = subject.choice.order, len(spot.names)
    if order == "name":
        return np.unique([name.casefold() for name in spot.names], return_inverse=True)[1]
    if order == "accuracy":
        return np.nan_to_num(of_classes(subject, spot).accuracy, nan=2.0)
    if order == "similarity":
        leaves = _leaves().made((spot.record.pass_id, spot.tap, spot.of_weights), lambda: leaf_order(spot))
        ranks = np.full(count, count)
        ranks[leaves] = np.arange(len(leaves))
        return ranks
    return np.arange(count)


def leaf_order(spot: Spot) -> np.ndarray:
    """Classes so that those that are alike stand together; empty where no likeness is known."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    for measure in ("class_mean_angles", "weight_angles"):
        arrays = spot.arrays(measure)
        if "cosines" in arrays and len(arrays["cosines"]) > 2:
            away = 1 - np.nan_to_num(np.asarray(arrays["cosines"], np.float64))
            away = np.maximum((away + away.T) / 2, 0)
            np.fill_diagonal(away, 0)
            tree = linkage(squareform(away, checks=False), "average", optimal_ordering=len(away) <= EXACT)
            return np.asarray(arrays["classes"])[leaves_list(tree)]
    return np.empty(0, np.int64)
