"""The axes of the global geometry: which, over which range, and where every sample lies on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.widgets.robustness.local_rows import Rows

FEW = 20
"""Classes at most that get an axis each."""

NEAREST = 6
"""Of more: those that samples are confused with most."""

_OWN = {
    "length": ("length", "Length of the features"),
    "margin": ("margin", "Margin: distance to the nearest boundary of the true class"),
    "confidence": ("confidence", "Confidence of the prediction"),
    "loss": ("loss", "Loss"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """One axis and the S samples on it, nan where there is none."""

    name: str
    label: str  # above it
    title: str  # what the cursor reads
    a: np.ndarray  # (S,) of the representation on show
    b: np.ndarray  # (S,) of the one that it is compared with
    unit: str = ""
    group: str = ""  # axes of one group share their range
    least: float = 0.0
    most: float = 1.0


def axes(classes: Sequence[str], a: Rows, b: Rows, angles: tuple[np.ndarray | None, np.ndarray | None]) -> list[Axis]:
    """Angles to classes, (S, L) radians of both, where they are known; then what the rows have."""
    found = _angles(classes, a, b, angles)
    if not found and a.linear:
        one, other = (np.degrees(r.numbers["angle"]) for r in (a, b))
        found = [Axis("angle", "true class", "Angle to the true class", one, other, "°", "angle")]
    own = [n for n in _OWN if n != "loss" or angles[0] is None]
    if not a.linear:
        own = ["confidence", "loss"]
    found += [Axis(n, *_OWN[n], a.numbers[n], b.numbers[n], "", n) for n in own]
    return _ranged(found)


def _angles(
    classes: Sequence[str], a: Rows, b: Rows, angles: tuple[np.ndarray | None, np.ndarray | None]
) -> list[Axis]:
    one, other = angles
    if one is None:
        return []
    if other is None:
        other = np.full_like(one, np.nan)
    to = [(f"class {c}", name, f"Angle to {name}") for c, name in enumerate(classes)]
    if one.shape[1] <= FEW:
        return [_angle(*to[c], one[:, c], other[:, c]) for c in range(one.shape[1])]
    near = nearest(a, b, one)
    prediction = a.numbers["prediction"], b.numbers["prediction"]
    rest = [_others(found, rows, near) for found, rows in ((one, a), (other, b))]
    return [
        _angle("true", "true class", "Angle to the true class", _of(one, a.truth), _of(other, b.truth)),
        _angle("predicted", "predicted", "Angle to the predicted class", *map(_of, (one, other), prediction)),
        *(_angle(*to[c], one[:, c], other[:, c]) for c in near),
        *(
            _angle(f"others {name}", f"others, {name}", f"Of all other classes: the {name} angle", *pair)
            for name, pair in zip(("least", "mean"), zip(*rest, strict=True), strict=True)
        ),
    ]


def _angle(name: str, label: str, title: str, a: np.ndarray, b: np.ndarray) -> Axis:
    """From radians."""
    return Axis(name, label, title, np.degrees(a), np.degrees(b), "°", "angle")


def nearest(a: Rows, b: Rows, angles: np.ndarray, count: int = NEAREST) -> list[int]:
    """The classes that wrong predictions of both fall on most, then those that features are nearest to; ascending."""
    counted = np.zeros(angles.shape[1])
    for rows in (a, b):
        prediction = rows.numbers["prediction"].astype(int)
        wrong = (rows.truth >= 0) & (prediction >= 0) & (prediction != rows.truth)
        np.add.at(counted, prediction[wrong], 1)
    angle = np.where(np.isnan(angles), np.pi, angles).mean(axis=0)
    return sorted(np.lexsort((angle, -counted))[:count].tolist())


def _others(angles: np.ndarray, rows: Rows, near: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Least and mean over the classes that have no axis of their own, of each sample."""
    left = angles.copy()
    left[:, list(near)] = np.nan
    places = np.arange(len(left))
    for each in (rows.truth, rows.numbers["prediction"]):
        known = each >= 0
        left[places[known], each[known].astype(int)] = np.nan
    known = np.isfinite(left)
    count = known.sum(axis=1)
    least = np.where(known, left, np.inf).min(axis=1)
    total = np.where(known, left, 0).sum(axis=1)
    return np.where(count > 0, least, np.nan), np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _of(angles: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """To one class a sample, nan where that is unknown."""
    places = np.maximum(classes.astype(int), 0)
    return np.where(classes >= 0, angles[np.arange(len(angles)), places], np.nan)


def _ranged(found: Sequence[Axis]) -> list[Axis]:
    """With the range of all values of their group; confidence from its least to 1."""
    spans = {}
    for group in {axis.group for axis in found}:
        every = np.concatenate([v for axis in found if axis.group == group for v in (axis.a, axis.b)])
        every = every[np.isfinite(every)]
        least, most = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
        most = max(most, 1.0) if group == "confidence" else most
        spans[group] = (least, most if most > least else least + 1)
    return [replace(axis, least=spans[axis.group][0], most=spans[axis.group][1]) for axis in found]
