"""Coding rate, and what classes save of it (Yu et al. 2020; Buchanan et al. 2023 for its course over depth).

    R(Z) = 1/2 logdet(I + D / (N e^2) Z'Z)          Delta R = R(Z) - sum over classes of N_c / N R(Z_c)

Z (N, D) rows of unit length, about the origin; natural logarithms. For K classes on orthogonal subspaces of r equal
directions each, counts equal: Delta R = K r/2 log(1 + D/(K r e^2)) - r/2 log(1 + D/(r e^2)).
"""

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from analysis.geometry.features import ROWS, Features
from analysis.geometry.heads import unit_rows
from analysis.geometry.intervals import JACKKNIFE, POSITIVE, clipped, jackknifed
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.registry import Range

_PAPER = "Yu, Chan, You, Song & Ma 2020, arXiv 2006.08558"


@MEASURES.register(
    "features",
    "coding_rate",
    label="Coding rate",
    group="dimension",
    paper=f"{_PAPER}, eq. 5; Buchanan et al. 2023, arXiv 2306.01129, for its course over depth",
    convention="R = 1/2 logdet(I + D/(N e^2) Z'Z), e^2 = .5, rows of unit length, not centred, in nats.",
    reads="How many nats it takes to say a sample's direction up to an error of e: low where features are compressed.",
    fails="It grows with the width D, so layers of different width are not to be compared by it.",
    unit="nats",
    unmoved=("permutation", "rotation", "scaling"),
)
def coding_rate(features: Features, *, squared_error: Annotated[float, Range(0.001, 10)] = 0.5) -> Measured:
    """features -> 0 or more, in nats. Rows of length 0 stay."""
    if len(features) < 2 or not features.size > 0:
        return undefined("fewer than two samples have a direction", len(features))
    places = np.arange(len(features))
    factor = features.width / squared_error
    value, moved = _rate(features, places, factor)
    low, high = clipped(value, jackknifed(moved), POSITIVE)
    return Measured(value, len(features), low, high, "delta method, over samples")


@MEASURES.register(
    "classes",
    "coding_rate_reduction",
    label="Coding rate that classes save",
    group="dimension",
    paper=f"{_PAPER}, eq. 8",
    convention="Delta R = R(Z) - sum N_c/N R(Z_c), e^2 = .5, rows of unit length, not centred, in nats; labelled "
    "samples only.",
    reads="Large: classes lie in different directions and each in few; it grows towards the head of a trained network.",
    fails="Fewer samples of a class than features make its own rate too small and the saving too large.",
    unit="nats",
    better="high",
    unmoved=("permutation", "rotation", "scaling"),
    of_means=True,
    version=2,
)
def coding_rate_reduction(features: Features, *, squared_error: Annotated[float, Range(0.001, 10)] = 0.5) -> Measured:
    """features of K classes -> 0 or more, in nats; arrays: rates (K,), whole (1,) R(Z), classes (K,)."""
    if features.no_classes:
        return undefined(features.no_classes, features.labelled)
    if not features.size > 0:
        return undefined("no sample has a direction", features.labelled)
    factor = features.width / squared_error
    known = np.flatnonzero(features.places >= 0)
    whole, moved = _rate(features, known, factor)
    rates, pulls = np.zeros(len(features.classes)), np.zeros(len(features))
    pulls[known] = moved
    for c, members in enumerate(features.members):  # N_c/N R_c moves with R_c, and as the class grows
        rates[c], moved = _rate(features, members, factor)
        pulls[members] -= moved - moved.mean() + rates[c]
    value = max(whole - float(features.counts @ rates) / features.labelled, 0.0)
    few = int(np.count_nonzero(features.counts < features.width))
    said = (f"{few:,} classes have fewer samples than there are features: the saving is too large.",) if few else ()
    arrays = {"rates": rates, "whole": np.array([whole]), "classes": features.classes}
    low, high = clipped(value, jackknifed(pulls[known]), POSITIVE)
    return Measured(value, features.labelled, low, high, JACKKNIFE, arrays=arrays, caveats=features.missing + said)


def _rate(features: Features, places: np.ndarray, factor: float) -> tuple[float, np.ndarray]:
    """R of n samples at places, and (n,) what each moves it by, but for a constant: a/2 z' (I + a S)^-1 z.

    S their second moment, a = D / e^2.
    """
    second = factor * _second(features, places)
    inverse = np.linalg.inv(np.eye(len(second)) + second)
    if len(places) < features.width:
        return _half_logdet(second), len(places) / 2 * (second * inverse).sum(axis=1)
    parts = [((part @ inverse) * part).sum(axis=1) for part in _units(features, places)]
    return _half_logdet(second), factor / 2 * np.concatenate(parts)


def _units(features: Features, places: np.ndarray) -> Iterator[np.ndarray]:
    """Rows of unit length at places, a few thousand at a time; rows of length 0 stay so."""
    for start in range(0, len(places), ROWS):
        yield unit_rows(np.asarray(features.values[places[start : start + ROWS]], dtype=np.float64))


def _second(features: Features, places: np.ndarray) -> np.ndarray:
    """Of n samples at places: Z'Z / n (D, D), or ZZ' / n (n, n) where that is smaller; logdet is the same."""
    if len(places) < features.width:
        units = np.concatenate([*_units(features, places)])
        return units @ units.T / len(places)
    total = np.zeros((features.width, features.width))
    for units in _units(features, places):
        total += units.T @ units
    return total / len(places)


def _half_logdet(matrix: np.ndarray) -> float:
    """1/2 logdet(I + matrix)."""
    return float(np.log(np.diag(np.linalg.cholesky(np.eye(len(matrix)) + matrix))).sum())
