"""Which members and corruptions of a sweep are alike in geometry, and which corruptions could be left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from analysis.pipelines.sweep_reading import (
    Interval,
    Members,
    Samples,
    geometry,
    grid_of,
    intervals,
    members_of,
    replicates,
    spaced,
)
from analysis.robustness import aggregates
from analysis.robustness import redundancy as subsets
from analysis.robustness import similarity as likeness
from analysis.robustness.bootstrap import RESAMPLES, score
from analysis.sweeps import CLEAN, Score, SweepRecord

if TYPE_CHECKING:
    from analysis.store.store import Store

_SHIFTS = 1_000_000
"""Rows whose margin is read for correlations over samples."""

By = Literal["pair", "member", "corruption"]


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """Points and how far they are apart, in standard deviations of the numbers; for maps, trees and orders see
    `robustness.similarity`.
    """

    by: By
    members: tuple[int, ...]  # of each point, -1 where it is of all members
    corruptions: tuple[str, ...]  # of each point ("clean" among them), "" where it is of all
    distances: np.ndarray  # (P, P) float64, without nan
    left_out: tuple[tuple[int, str], ...]  # points without a distance: no linear head, or cells that are missing
    severity: int  # 0: the mean over severities, sample by sample
    samples: int  # that were compared
    of: int  # that there are: of very many, evenly spaced ones are compared


@dataclass(frozen=True, slots=True)
class Step:
    """The best subset of one size, and its Kendall tau with the ranking by all corruptions."""

    corruptions: tuple[str, ...]
    tau: Score
    exact: bool  # all subsets of that size were tried


@dataclass(frozen=True, slots=True, eq=False)
class Redundancy:
    """Correlations of corruptions, and how few keep the ranking of the members."""

    corruptions: tuple[str, ...]
    members: tuple[int, ...]  # that were ranked: those with all cells
    correlation: Interval  # (K, K) of accuracies over members; nan with fewer than three
    shifts: np.ndarray  # (K, K) correlation of the change of the margin from clean, over members and (spaced) samples
    steps: tuple[Step, ...]  # one of each size, up to the first that reaches the threshold
    threshold: float
    steadiness: Score  # mean tau of the ranking by all corruptions with itself in resamples, and where 95 % of them lie
    severity: int


def similarity(
    store: Store,
    sweep: SweepRecord,
    members: Members = None,
    severity: int = 0,
    samples: Samples = None,
    by: By = "pair",
) -> Similarity:
    """by "pair": a point for each member under each corruption; "member": one for each member under all of them;
    "corruption": one for each corruption, over all members. severity 0: the mean of all.
    """
    chosen, groups = members_of(sweep, members), _groups(sweep, severity)
    places = spaced(store, sweep, len(chosen), sum(map(len, groups.values())), samples)
    made = likeness.standardised(geometry(store, sweep, chosen, list(groups.values()), places))  # (M, G, 3, S)
    names = tuple(groups)
    if by == "member":
        vectors, points = made.reshape(len(chosen), -1), [(m, "") for m in chosen]
    elif by == "corruption":
        vectors, points = made.swapaxes(0, 1).reshape(len(names), -1), [(-1, name) for name in names]
    else:
        vectors = made.reshape(len(chosen) * len(names), -1)
        points = [(m, name) for m in chosen for name in names]
    apart = likeness.distances(vectors)
    there = likeness.usable(apart)
    kept = set(there.tolist())
    return Similarity(
        by=by,
        members=tuple(points[i][0] for i in there),
        corruptions=tuple(points[i][1] for i in there),
        distances=apart[np.ix_(there, there)],
        left_out=tuple(p for i, p in enumerate(points) if i not in kept),
        severity=severity,
        samples=len(places),
        of=sweep.samples if samples is None else len(np.unique(np.asarray(samples))),
    )


def redundancy(
    store: Store,
    sweep: SweepRecord,
    members: Members = None,
    severity: int = 0,
    samples: Samples = None,
    *,
    threshold: float = 0.9,
    every_size: bool = False,
    resampled: np.ndarray | None = None,
) -> Redundancy:
    """Of the sweep's corruptions at one severity, or (0) by the mean of all. every_size: go on to all corruptions.

    Members with a missing cell are not ranked. resampled: `replicates` of these members, where the caller has them.
    """
    chosen, grid = members_of(sweep, members), grid_of(sweep)
    if severity:
        grid = np.array([[p] for c in sweep.corruptions for p in sweep.places(c, severity)], np.int64).reshape(-1, 1)
    names = tuple(sweep.conditions[row[row >= 0][0]].corruption for row in grid)
    resampled = replicates(store, sweep, chosen, samples) if resampled is None else resampled
    accuracies = 1 - aggregates.corruption_errors(resampled, grid)
    whole = np.flatnonzero(np.isfinite(accuracies[..., 0]).all(axis=1))
    ranked = accuracies[whole]
    found = _steps(ranked, names, threshold, every_size)
    return Redundancy(
        corruptions=names,
        members=tuple(chosen[i] for i in whole),
        correlation=_correlated(ranked),
        shifts=_shifts(store, sweep, chosen, severity, samples, names),
        steps=found,
        threshold=threshold,
        steadiness=_steadiness(ranked),
        severity=severity,
    )


def _groups(sweep: SweepRecord, severity: int) -> dict[str, tuple[int, ...]]:
    """The conditions that stand for clean and for each corruption."""
    found = {CLEAN: (0,)}
    found |= {c: sweep.places(c, severity or None) for c in sweep.corruptions}
    return {name: places for name, places in found.items() if places}


def _steps(ranked: np.ndarray, names: tuple[str, ...], threshold: float, every_size: bool) -> tuple[Step, ...]:
    if not ranked.size:
        return ()
    found = subsets.smallest_subsets(ranked[..., 0], threshold, largest=len(names) if every_size else None)
    return tuple(
        Step(tuple(names[c] for c in s.corruptions), score(subsets.taus(ranked, s.corruptions)), s.exact) for s in found
    )


def _steadiness(ranked: np.ndarray) -> Score:
    if len(ranked) < 3:
        return Score(float("nan"))
    found = subsets.steadiness(ranked)
    return score(np.concatenate([[found.mean()], found]))


def _correlated(ranked: np.ndarray) -> Interval:
    """(M, K, 1 + R) -> (K, K)."""
    if len(ranked) < 3:
        nothing = np.full((ranked.shape[1],) * 2, np.nan)
        return Interval(nothing, nothing, nothing)
    return intervals(np.stack([subsets.correlation(ranked[..., r]) for r in range(1 + RESAMPLES)], axis=-1))


def _shifts(
    store: Store, sweep: SweepRecord, members: tuple[int, ...], severity: int, samples: Samples, names: tuple[str, ...]
) -> np.ndarray:
    groups = _groups(sweep, severity)
    places = spaced(store, sweep, len(members), sum(map(len, groups.values())), samples, _SHIFTS)
    margin = geometry(store, sweep, members, list(groups.values()), places)["margin"]
    moved = (margin[:, 1:] - margin[:, :1]).swapaxes(1, 2).reshape(-1, len(names))
    return subsets.correlation(moved[np.isfinite(moved).any(axis=1)])
