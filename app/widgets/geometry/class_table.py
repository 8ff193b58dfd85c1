"""Every class in numbers; a click on a row selects its samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from analysis.store import digest
from app.boundary import guarded
from app.geometry_choice import Subject
from app.widgets.embeddings import explore
from app.widgets.geometry import class_order
from app.widgets.geometry.picked import select, turned
from app.widgets.geometry.spot import Spot, all_classes, explained, of_classes

KEY = "geometry.class_table"
COLUMNS = {
    "|w|": ("weight_norms", "norms"),
    "|mean|": ("class_mean_norms", "norms"),
    "NC1": ("nc1", "per_class"),
    "By mean": ("nearest_mean_accuracy", "per_class"),
    "By subspace": ("subspace_classifier", "per_class"),
}
MEDIANS = {"Angle": ("angle_to_weight", "angle_to_mean"), "Length": ("length",), "Margin": ("margin_distance",)}
WIDTHS = {"|w|": 50, "By mean": 64, "By subspace": 82}
SHARES = ("By mean", "By subspace")


def table(subject: Subject, spot: Spot, height: int = 400) -> None:
    """Classes on show in their order; a head of the table sorts."""
    known = of_classes(subject, spot)
    classes = class_order.shown(subject, spot, np.arange(len(spot.names)))
    rows: dict[str, Any] = {"Class": [spot.names[c] for c in classes], "Samples": known.counts[classes]}
    if not spot.network.foreign:
        rows["Right"] = 100 * known.accuracy[classes]
    rows |= columns(spot, classes)
    key = f"{KEY}.{digest(classes=classes.tolist())[:8]}"
    own = turned(key)

    @guarded
    def picked() -> None:
        cells = explore.selected(own).get("cells") or []
        if cells and 0 <= int(cells[0][0]) < len(classes):
            code = int(classes[int(cells[0][0])])
            select(subject, np.flatnonzero(known.own == code), f"class {spot.names[code]}", key)

    st.dataframe(
        rows, hide_index=True, height=min(40 + 30 * len(classes), height), key=own, on_select=picked, row_height=30,
        selection_mode="single-cell", column_config=_configured(spot, rows),
    )  # fmt: skip
    whose = "with a label" if spot.network.foreign else "whose class the network knows"
    st.caption(f"n = {int(known.counts.sum()):,} samples {whose}. None: not defined there.")


def columns(spot: Spot, classes: np.ndarray) -> dict[str, Any]:
    """What was measured of each class; nothing of a measure that has no such numbers here."""
    found: dict[str, Any] = {}
    for title, names in MEDIANS.items():
        name = next((n for n in names if len(spot.arrays(n).get("quantiles", ()))), "")
        if name:
            arrays = spot.arrays(name)
            values = np.full(len(spot.names), np.nan)
            values[np.asarray(arrays["classes"])] = np.asarray(arrays["quantiles"])[:, 2]
            found[title] = values[classes]
    for title, (measure, array) in COLUMNS.items():
        values = all_classes(spot, measure, array)[classes] * (100 if title in SHARES else 1)
        if np.isfinite(values).any():
            found[title] = values
    arrays = spot.arrays("class_mean_angles")
    if "closest" in arrays:
        closest = np.full(len(spot.names), -1)
        closest[np.asarray(arrays["classes"])] = arrays["closest"]
        found["Closest mean"] = [spot.names[c] if c >= 0 else "" for c in closest[classes]]
        found["at"] = all_classes(spot, "class_mean_angles", "angles")[classes]
    return found


def _configured(spot: Spot, rows: dict[str, Any]) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    measures = {title: names[0] for title, names in COLUMNS.items()} | {
        title: next((n for n in names if n in spot.numbers), names[-1]) for title, names in MEDIANS.items()
    }
    found: dict[str, Any] = {
        "Class": text(width=106, pinned=True),
        "Samples": number(format="localized", width=60, help="Samples of this class in the dataset"),
        "Right": number(format="%.1f %%", width=58, help="Share of them that the network has right"),
        "Closest mean": text(width=100, help=explained("class_mean_angles", spot.numbers.get("class_mean_angles"))),
        "at": number(format="%.1f°", width=54, help="Degrees between the two class means, less the mean of all"),
    }
    formats = {"Angle": "%.1f°", **dict.fromkeys(SHARES, "%.1f %%")}
    for title, name in measures.items():
        if title in rows:
            said = explained(name, spot.numbers.get(name))
            words = f"Median of the class. {said}" if title in MEDIANS else said
            found[title] = number(format=formats.get(title, "%.3f"), width=WIDTHS.get(title, 58), help=words)
    return {title: one for title, one in found.items() if title in rows}
