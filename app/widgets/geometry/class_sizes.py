"""Whether large classes have longer weights and shorter means, where classes have different numbers of samples."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis.pipelines.geometry_facts import UNEVEN
from app.figures.geometry_sizes import by_size
from app.geometry_choice import Subject
from app.widgets.embeddings import explore
from app.widgets.geometry import class_order
from app.widgets.geometry.picked import select, turned
from app.widgets.geometry.shell import panel
from app.widgets.geometry.spot import Spot, of_classes, stated

KEY = "geometry.class_sizes"
HEIGHT = 300


def section(subject: Subject, spot: Spot) -> None:
    """Nothing where the fit is not defined, or where class sizes hardly differ."""
    arrays = spot.arrays("imbalance_fit")
    counts = np.asarray(arrays.get("counts", ()))
    if not counts.size or counts.max() < UNEVEN * counts.min():
        return
    left, right = st.columns(2, gap="small")
    with left, panel("sizes-weights", "Class sizes and weights", "do larger classes have longer weights?"):
        _drawn(subject, spot, "weight_norms", "predicted", "Length of the class's weights")
        stated(spot, ("imbalance_fit",))
    with right, panel("sizes-means", "Class sizes and means", "and shorter features, as squared loss has it?"):
        _drawn(subject, spot, "mean_norms", "predicted_means", "Length of the class's mean")
        if "predicted_means" not in arrays:
            st.caption("The line of the weights goes through the origin, and says nothing of means.")
        stated(spot, ("imbalance_orthogonality",))


def _drawn(subject: Subject, spot: Spot, of: str, told: str, title: str) -> None:
    arrays = spot.arrays("imbalance_fit")
    classes = class_order.shown(subject, spot, np.asarray(arrays["classes"]))
    rows = np.searchsorted(arrays["classes"], classes)
    predicted = np.asarray(arrays[told])[rows] if told in arrays else None
    figure = by_size(
        np.asarray(arrays["counts"])[rows], np.asarray(arrays[of])[rows], predicted, [spot.names[c] for c in classes],
        classes.tolist(), title=title, height=HEIGHT, dark=st.context.theme.type == "dark",
    )  # fmt: skip
    key = f"{KEY}.{of}"
    explore.clickable(figure, turned(key), lambda code: _of_class(subject, spot, int(code[0]), key))


def _of_class(subject: Subject, spot: Spot, code: int, key: str) -> None:
    samples = np.flatnonzero(of_classes(subject, spot).own == code)
    select(subject, samples, f"class {spot.names[code]}", key)
