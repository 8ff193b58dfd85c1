"""What the maps speak of: which number, which way of making maps, how large a patch; and which sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from app import resources
from app.robustness_choice import PAGE, Choice, Room, Subject

NUMBERS = {"": "All", "angle": "Angle", "length": "Length", "margin": "Margin", "logit": "Logit"}
WAYS = {
    "occlusion": "Occlusion",
    "gradient": "Gradient",
    "gradient_x_input": "Gradient × input",
    "gradcam": "Last layer",
}
PATCHES = {0.0625: "fine", 0.125: "medium", 0.25: "coarse"}
"""Sides of what is covered, of the image's shorter side; the step is half of it."""

READS = {
    "occlusion": "red: what is seen here raises the number, for covering it with the mean colour lowers it; blue: it "
    "lowers the number",
    "gradient": "red: brightening this pixel raises the number; blue: it lowers it",
    "gradient_x_input": "red: this pixel, being what it is and not the mean colour, raises the number (to first "
    "order); blue: it lowers it",
    "gradcam": "red: what the last layer with a map found here raises the number (Grad-CAM with its sign); blue: it "
    "lowers it",
}


@dataclass(frozen=True, slots=True)
class Target:
    """`margin.gradient` in the address."""

    number: str = ""  # empty: all of them; in a small panel the page's own
    way: str = "occlusion"

    def written(self) -> str:
        return self.number if self.way == "occlusion" else f"{self.number}.{self.way}"

    @classmethod
    def read(cls, text: str) -> Target:
        number, _, way = text.partition(".")
        return cls(number if number in NUMBERS else "", way if way in WAYS else "occlusion")


def widgets(subject: Subject, room: Room) -> Choice:
    """Draw them; the choice that they show. In a small panel they are in a popover, so their values are defaults."""
    target, hidden = Target.read(subject.choice.target), room == "small"
    numbers = {n: w for n, w in NUMBERS.items() if n or not hidden}
    shown = of_small(subject) if hidden else target.number
    number = _one("Maps of", "number", numbers, shown, hidden=hidden)
    if hidden and number == shown and not target.number:
        number = ""  # it follows the page's number until it is chosen here
    way = _one("Made by", "way", WAYS, target.way, hidden=hidden)
    return replace(subject.choice, target=Target(number, way).written())


def of_small(subject: Subject) -> str:
    """The one number that a small panel speaks of: chosen here, else the page's."""
    chosen = Target.read(subject.choice.target).number or subject.choice.number
    return chosen if chosen in NUMBERS else "margin"


def patch() -> float:
    """How large a patch is covered."""
    key, first = PAGE.start("maps.patch", 0.125)
    found = st.segmented_control(
        "Patch", list(PATCHES), default=first, key=key, format_func=PATCHES.__getitem__, required=True,
        help="Its side is 1/16, 1/8 or 1/4 of the image's shorter side, its step half of that.",
    )  # fmt: skip
    return float(found or first)


def sample_of(subject: Subject) -> tuple[int | None, str]:
    """Which sample the maps are of (None: there is none), and why it."""
    sweep = subject.sweep
    samples, _ = resources.store().sweeps.truth(sweep.sweep_id)
    if subject.choice.sample is not None and subject.choice.sample in samples:
        return subject.choice.sample, "chosen"
    shown = samples if subject.selected is None else np.intersect1d(samples, subject.selected)
    if not len(shown):
        return None, ""
    (ma, ca), (mb, cb) = subject.a, subject.b
    before, after = (
        resources.store().sweeps.values(sweep.sweep_id, ["margin"], members=[m], conditions=[c], samples=shown)
        for m, c in ((ma, ca), (mb, cb))
    )
    fall = (before["margin"] - after["margin"]).ravel()
    if not np.isfinite(fall).any():
        return int(shown[0]), "the first"
    return int(shown[int(np.nanargmax(fall))]), "its margin fell most from a to b"


def _one(label: str, name: str, words: Mapping[str, str], value: str, *, hidden: bool) -> str:
    first = value if value in words else next(iter(words))
    given: dict[str, Any] = {"key": PAGE.seed(f"maps.{name}", first)}
    if hidden:
        key, first = PAGE.start(f"maps.{name}.small", first)
        given = {"key": key, "default": first}
    found = st.segmented_control(label, list(words), format_func=words.__getitem__, required=True, **given)
    return first if found is None else str(found)
