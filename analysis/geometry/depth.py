"""Measures over depth: one value a tap, and what the curve does."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from analysis.geometry.features import Features
from analysis.geometry.registry import Measure, Measured

COLLAPSE = ("nc1", "nc1_trace", "collapse_distance", "nc2_mean_simplex", "nc4", "nearest_mean_accuracy")
"""Names of the measures that show collapse over depth; all need labels only, but NC4, which needs the answers too."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One measure at T taps, from the image to the head. NaN where it is not defined; `whys` says why."""

    measure: str
    taps: tuple[str, ...]
    values: np.ndarray  # (T,)
    lows: np.ndarray  # (T,) of 95 % intervals
    highs: np.ndarray  # (T,)
    samples: np.ndarray  # (T,) int64
    whys: tuple[str, ...]

    @property
    def trend(self) -> float:
        """Spearman's correlation of value and depth: -1 falls at every tap, 1 rises; NaN of fewer than three taps."""
        there = np.flatnonzero(np.isfinite(self.values))
        if len(there) < 3 or not np.ptp(self.values[there]) > 0:
            return float("nan")
        ranks = rankdata(self.values[there]), np.arange(1, len(there) + 1)
        return float(np.corrcoef(*ranks)[0, 1])

    @property
    def steepest(self) -> tuple[str, str] | None:
        """The two taps in a row between which it changes most; None of fewer than two."""
        there = np.flatnonzero(np.isfinite(self.values))
        if len(there) < 2:
            return None
        at = int(np.abs(np.diff(self.values[there])).argmax())
        return self.taps[there[at]], self.taps[there[at + 1]]

    @property
    def fold(self) -> float:
        """The last value over the first: NC1 of a trained network falls to a small part of 1. NaN where either is."""
        there = self.values[np.isfinite(self.values)]
        return float(there[-1] / there[0]) if len(there) > 1 and there[0] > 0 else float("nan")


def curve(measure: str, taps: Sequence[str], found: Sequence[Measured]) -> Curve:
    """One Measured a tap, in order -> what is drawn over depth."""
    return Curve(
        measure,
        tuple(taps),
        np.array([one.value for one in found], dtype=np.float64),
        np.array([one.low for one in found], dtype=np.float64),
        np.array([one.high for one in found], dtype=np.float64),
        np.array([one.samples for one in found], dtype=np.int64),
        tuple(one.why for one in found),
    )


def over_depth(taps: Mapping[str, Features], measures: Iterable[Measure]) -> dict[str, Curve]:
    """Every measure at every tap, in the mapping's order -> a curve for each, by the measure's name."""
    chosen = tuple(measures)
    found: dict[str, list[Measured]] = {one.name: [] for one in chosen}
    for features in taps.values():
        for one in chosen:
            found[one.name].append(one.function(features))
    return {name: curve(name, tuple(taps), values) for name, values in found.items()}
