"""What must hold of angle, length and margin of every linear head, checked: on stored rows, and from features.

z_c = |w_c| |x| cos(angle_c) + b_c
sign(margin) = correctness, for every sample (ties aside)
moving x by the margin, along the normal of the nearest boundary, brings it onto that boundary; a little more, and
the prediction flips
"""

from dataclasses import dataclass

import numpy as np

EXACT = {"float64": 1e-10, "float32": 1e-4}
"""How near rebuilt logits must be, relative to the largest, by what the features were computed in."""


@dataclass(frozen=True, slots=True)
class Signs:
    """How often the sign of the margin and correctness disagree."""

    checked: int  # rows that have both
    ties: int  # of these, margin exactly zero: either is right
    violations: int
    worst: float  # the largest |margin| of a violation; 0 without any

    @property
    def hold(self) -> bool:
        return not self.violations

    def __str__(self) -> str:
        if not self.checked:
            return "No row has both a margin and a known truth, so nothing was checked."
        tied = f"; {self.ties:,} lie on a boundary" if self.ties else ""
        told = "agree in all" if self.hold else f"disagree in {self.violations:,} (margin up to {self.worst:.2g})"
        return f"Sign of the margin and correctness {told} of {self.checked:,} rows{tied}."


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How far rebuilt logits are from the network's."""

    samples: int
    error: float  # the largest difference, over the largest |logit|
    allowed: float

    @property
    def hold(self) -> bool:
        return self.error <= self.allowed


@dataclass(frozen=True, slots=True)
class Flips:
    """What became of predictions when features moved by their margins."""

    samples: int  # with a boundary to cross
    before: int  # changed just short of the boundary: should be none
    after: int  # changed just behind it: should be all

    @property
    def hold(self) -> bool:
        return self.before == 0 and self.after == self.samples


def signs(margin: np.ndarray, correct: np.ndarray) -> Signs:
    """margin (...), nan where there is none; correct (...) with -1 unknown."""
    both = np.isfinite(margin) & (correct >= 0)
    tied = both & (margin == 0)
    broken = both & ~tied & ((margin > 0) != (correct == 1))
    worst = float(np.abs(margin[broken]).max()) if broken.any() else 0.0
    return Signs(int(both.sum()), int(tied.sum()), int(broken.sum()), worst)


def rebuilt(
    logits: np.ndarray,
    length: np.ndarray,
    angles: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    allowed: float = EXACT["float64"],
) -> Rebuilt:
    """logits (N, L), length (N,), angles (N, L) to every class direction, weight (L, D), bias (L,).

    An angle of nan, of features or weights that are all zero, stands for a logit of b_c.
    """
    scale = length[:, None] * np.linalg.norm(weight.astype(np.float64), axis=1)
    made = np.where(scale > 0, scale * np.cos(np.nan_to_num(angles)), 0) + bias
    finite = np.isfinite(logits).all(axis=1)
    largest = float(np.abs(logits[finite]).max(initial=0)) or 1.0
    return Rebuilt(int(finite.sum()), float(np.abs(made - logits)[finite].max(initial=0)) / largest, allowed)


def flips(
    features: np.ndarray, weight: np.ndarray, bias: np.ndarray, margin: np.ndarray, *, step: float = 1e-6
) -> Flips:
    """Move every sample towards the nearest boundary of its predicted class, to just before and just behind it.

    features (N, D), margin (N,) of the predicted class (never below zero); step: the part of the margin, or of the
    length, that just before and just behind are apart from it.
    """
    x, w = features.astype(np.float64), weight.astype(np.float64)
    logits = x @ w.T + bias
    own = logits.argmax(axis=1)
    normals = w[own][:, None] - w  # (N, L, D) from the other class to the own
    size = np.linalg.norm(normals, axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        away = np.where(size > 0, (logits[np.arange(len(x)), own][:, None] - logits) / size, np.inf)
    away[np.arange(len(x)), own] = np.inf
    nearest = away.argmin(axis=1)
    there = np.isfinite(margin) & np.isfinite(away[np.arange(len(x)), nearest])
    direction = normals[np.arange(len(x)), nearest] / np.maximum(size[np.arange(len(x)), nearest], 1e-300)[:, None]
    little = step * np.maximum(np.abs(margin), np.linalg.norm(x, axis=1))

    def changed(distance: np.ndarray) -> np.ndarray:
        moved = x - distance[:, None] * direction
        return there & ((moved @ w.T + bias).argmax(axis=1) != own)

    short = np.maximum(margin - little, 0)
    return Flips(int(there.sum()), int(changed(short).sum()), int(changed(margin + little).sum()))
