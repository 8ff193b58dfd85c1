"""How summaries read a sweep: members and samples that may be left open, conditions laid out as a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.robustness import aggregates, curves
from analysis.robustness.bootstrap import interval
from analysis.sweeps import GEOMETRY, SweepRecord

if TYPE_CHECKING:
    from analysis.store.store import Store

Samples = Sequence[int] | np.ndarray | None
Members = Sequence[int] | None

_READ = 4_000_000
"""Rows whose angle, length and margin are read for one question: of more, only so many samples, evenly spaced."""


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """Numbers with their 95 % intervals over samples, arrays of one shape; nan where there is none."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


def intervals(replicates: np.ndarray) -> Interval:
    """(..., 1 + R) -> (...)."""
    return Interval(*interval(replicates))


def members_of(sweep: SweepRecord, members: Members) -> tuple[int, ...]:
    return tuple(range(len(sweep.members))) if members is None else tuple(int(m) for m in members)


def severities_of(sweep: SweepRecord) -> tuple[int, ...]:
    """All that some corruption has, ascending."""
    return tuple(sorted({c.severity for c in sweep.conditions if c.severity}))


def grid_of(sweep: SweepRecord, corruptions: tuple[str, ...] | None = None) -> np.ndarray:
    """Places of conditions (K, V), -1 where a corruption lacks a severity."""
    given = [(c.corruption, c.severity) for c in sweep.conditions]
    return curves.laid(given, sweep.corruptions if corruptions is None else corruptions, severities_of(sweep))


def places_of(store: Store, sweep: SweepRecord, samples: Samples) -> np.ndarray:
    """The samples (S,), ascending."""
    return store.sweeps.truth(sweep.sweep_id)[0] if samples is None else np.unique(np.asarray(samples, np.int32))


def values(
    store: Store,
    sweep: SweepRecord,
    names: Sequence[str],
    members: Members,
    conditions: Sequence[int],
    samples: Samples,
) -> dict[str, np.ndarray]:
    """Columns as (M, C, S) arrays."""
    chosen = members_of(sweep, members)
    return store.sweeps.values(sweep.sweep_id, names, members=chosen, conditions=conditions, samples=samples)


def replicates(
    store: Store,
    sweep: SweepRecord,
    members: Members = None,
    samples: Samples = None,
    conditions: Sequence[int] | None = None,
) -> np.ndarray:
    """Accuracy of each cell, over all samples and over each resample of them: (M, C, 1 + R)."""
    asked = range(len(sweep.conditions)) if conditions is None else conditions
    correct = values(store, sweep, ["correct"], members, asked, samples)["correct"]
    return aggregates.accuracy_replicates(correct, seed=sweep.seed)


def spaced(
    store: Store, sweep: SweepRecord, members: int, conditions: int, samples: Samples, rows: int = _READ
) -> np.ndarray:
    """As many of the samples, evenly spaced, as can be read at once."""
    places = places_of(store, sweep, samples)
    most = max(rows // max(members * conditions, 1), 1)
    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).round().astype(np.int64)]


def geometry(
    store: Store, sweep: SweepRecord, members: Sequence[int], conditions: Sequence[Sequence[int]], samples: np.ndarray
) -> Mapping[str, np.ndarray]:
    """Angle, length and margin, (M, G, S) float32 each: the mean over each of G groups of conditions.

    nan where a member has none, or a condition of the group is not there.
    """
    flat = sorted({c for group in conditions for c in group})
    read = values(store, sweep, GEOMETRY, members, flat, samples)
    at = {c: place for place, c in enumerate(flat)}
    if all(len(group) == 1 for group in conditions):
        return {n: array[:, [at[c] for (c,) in conditions]] for n, array in read.items()}
    return {
        n: np.stack([array[:, [at[c] for c in group]].mean(axis=1) for group in conditions], axis=1)
        for n, array in read.items()
    }
