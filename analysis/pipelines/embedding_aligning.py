"""One picture turned onto another of the same samples, and how far each sample then is from its place there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.errors import NotApplicable


@dataclass(frozen=True, slots=True, eq=False)
class Turned:
    """A picture turned, moved and scaled onto another."""

    points: np.ndarray  # (N, dims)
    displacement: np.ndarray  # (N,) in the RMS radius of the other; NaN where one of the two has no place
    residual: float


def aligned(points: np.ndarray, onto: np.ndarray) -> Turned:
    """points and onto (N, dims) -> Turned (Procrustes); NotApplicable where they are not of the same samples."""
    from analysis.projections.alignment import displacement, procrustes

    if points.shape != onto.shape:
        raise NotApplicable(
            f"Pictures are turned onto each other where they have the same samples and dimensions; these are "
            f"{' x '.join(map(str, points.shape))} and {' x '.join(map(str, onto.shape))}."
        )
    found = procrustes(points, onto)
    return Turned(found.points, displacement(found.points, onto), float(found.residual))
