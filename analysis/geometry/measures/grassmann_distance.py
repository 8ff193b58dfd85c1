"""Distances between class subspaces on the Grassmann manifold (Edelman, Arias & Smith 1998)."""

from collections.abc import Callable
from typing import Annotated

import numpy as np

from analysis.geometry.angles import pairs
from analysis.geometry.features import Features
from analysis.geometry.measures.principal_angles import NO_INTERVAL, left_out
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.geometry.subspaces import MOST
from analysis.registry import Range

_PAPER = "Edelman, Arias & Smith 1998, SIAM Journal on Matrix Analysis 20(2), section 4.3"
_OF = f"of k = 4 leading directions (about the origin, not centred); the mean over pairs of classes. {NO_INTERVAL}"


@MEASURES.register(
    "classes",
    "grassmann_distance",
    label="Distance between class subspaces",
    group="subspaces",
    tells="class subspaces",
    paper=_PAPER,
    convention=f"Arc length: sqrt(sum of squared principal angles), radians, {_OF}",
    reads="0: classes span the same directions; pi/2 sqrt(k): no direction of one has a part in another.",
    fails="Trailing directions of a class are partly noise, and noise is far from noise: large k looks well separated.",
    unit="radians",
    better="high",
    unmoved=("permutation", "rotation", "scaling"),
)
def grassmann_distance(features: Features, *, k: Annotated[int, Range(1, MOST)] = 4) -> Measured:
    """features of K classes -> 0 to pi/2 sqrt(k); arrays: distances (P, P), classes (P,), closest (P,) classes."""
    return _between(features, k, lambda angles: np.sqrt(np.square(angles).sum(axis=-1)))


@MEASURES.register(
    "classes",
    "grassmann_chordal",
    label="Chordal distance between class subspaces",
    group="subspaces",
    tells="class subspaces",
    paper=_PAPER,
    convention=f"sqrt(sum of squared sines of principal angles) = ||P_a - P_b||_F / sqrt(2), {_OF}",
    reads="As the arc length, without unit: 0 the same directions, sqrt(k) all at right angles.",
    fails="It levels off near right angles, where the arc length still tells apart.",
    better="high",
    unmoved=("permutation", "rotation", "scaling"),
)
def grassmann_chordal(features: Features, *, k: Annotated[int, Range(1, MOST)] = 4) -> Measured:
    """features of K classes -> 0 to sqrt(k); arrays: distances (P, P), classes (P,), closest (P,) classes."""
    return _between(features, k, lambda angles: np.sqrt(np.square(np.sin(angles)).sum(axis=-1)))


def _between(features: Features, k: int, distance: Callable[[np.ndarray], np.ndarray]) -> Measured:
    classes, angles = features.subspaces.angles(k)
    if len(classes) < 2:
        return undefined(f"fewer than two classes span {k} directions", features.labelled)
    found = distance(angles)
    own = features.classes[classes]
    arrays = {
        "distances": found.astype(np.float32),
        "classes": own,
        "closest": own[(found + np.diag(np.full(len(found), np.inf))).argmin(axis=1)],
    }
    return Measured(
        float(pairs(found).mean()),
        int(features.counts[classes].sum()),
        arrays=arrays,
        caveats=features.missing + left_out(features, len(classes), k),
    )
