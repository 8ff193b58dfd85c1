"""What the parallel coordinates draw, as JSON: densities between axes, an outline, lines. Shares of an axis, 0 to 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.store.keys import digest
from app.figures.robustness_local import RIGHT, WRONG
from app.widgets.robustness.global_axes import Axis

BINS = 28
"""Of each axis."""

LINES = 200
"""Of selected samples, drawn at most."""

QUANTILES = (0.05, 0.5, 0.95)


def document(
    axes: Sequence[Axis],
    correct: np.ndarray,
    shown: np.ndarray,
    lit: np.ndarray | None,
    brushes: Mapping[str, tuple[float, float]],
    *,
    height: int,
    words: str,
    dark: bool = False,
) -> dict[str, Any]:
    """correct (S,) 1, 0 or -1 of a; shown (S,) bool what the densities are of; lit (S,) bool what is drawn as lines."""
    places = [(_shares(axis, axis.a), _shares(axis, axis.b)) for axis in axes]
    a, b = (np.stack([place[k] for place in places]) for k in (0, 1))  # (A, S)
    made: dict[str, Any] = {
        "axes": [
            {"id": x.name, "label": x.label, "title": x.title, "unit": x.unit, "least": x.least, "most": x.most}
            for x in axes
        ],
        "bins": BINS,
        "bands": [bands(a[i][shown], a[i + 1][shown]) for i in range(len(axes) - 1)],
        "outline": _outline(b[:, shown]),
        "lines": _lines(a, correct, lit),
        "brushes": {name: list(span) for name, span in brushes.items()},
        "colours": {"right": RIGHT[dark], "wrong": WRONG[dark]},
        "height": height,
        "words": words,
    }
    return made | {"stamp": digest(document=made)}


def bands(one: np.ndarray, other: np.ndarray) -> list[tuple[int, float]]:
    """Samples between two axes: (bin of the one x BINS + bin of the other, weight 0 to 1), empty cells left out.

    The weight is the square root of the count, so that a few samples are still to be seen beside hundreds.
    """
    both = np.isfinite(one) & np.isfinite(other)
    bins = [np.minimum((v[both] * BINS).astype(int), BINS - 1) for v in (one, other)]
    counts = np.bincount(bins[0] * BINS + bins[1], minlength=BINS * BINS)
    most = max(int(counts.max()), 1)
    cells = np.flatnonzero(counts)
    return [(int(c), round(float(np.sqrt(counts[c] / most)), 3)) for c in cells]


def within(axes: Sequence[Axis], brushes: Mapping[str, tuple[float, float]], shown: np.ndarray) -> np.ndarray:
    """The samples on show that lie inside every brush, (S,) bool; a sample without a value lies outside."""
    kept = shown.copy()
    for axis in axes:
        if axis.name in brushes:
            low, high = brushes[axis.name]
            slack = 1e-6 * (axis.most - axis.least)  # what lies at an axis's end is in a brush that reaches the end
            with np.errstate(invalid="ignore"):
                kept &= (axis.a >= low - slack) & (axis.a <= high + slack)
    return kept


def _shares(axis: Axis, values: np.ndarray) -> np.ndarray:
    return np.clip((values.astype(np.float64) - axis.least) / (axis.most - axis.least), 0, 1)


def _outline(b: np.ndarray) -> list[list[float | None]]:
    """Quantiles of each axis, (3, A); None where there is no value."""
    found: list[list[float | None]] = [[] for _ in QUANTILES]
    for row in b:
        known = row[np.isfinite(row)]
        values = np.quantile(known, QUANTILES).tolist() if len(known) else [None] * len(QUANTILES)
        for line, value in zip(found, values, strict=True):
            line.append(value if value is None else round(value, 4))
    return found


def _lines(a: np.ndarray, correct: np.ndarray, lit: np.ndarray | None) -> list[dict[str, Any]]:
    if lit is None:
        return []
    places = np.flatnonzero(lit)
    if len(places) > LINES:
        places = np.sort(np.random.default_rng(0).choice(places, LINES, replace=False))
    return [
        {"values": [round(v, 4) if np.isfinite(v) else None for v in a[:, i].tolist()], "right": int(correct[i])}
        for i in places
    ]
