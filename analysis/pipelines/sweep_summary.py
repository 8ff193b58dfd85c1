"""What pages and commands ask of a sweep: sums, curves, mCE, lists of fragile samples, each over a selection too.

Every function takes `samples` (None: all) and `members` (None: all), places in the sweep, and answers within a second
at ten million rows. What needs resamples draws them with the sweep's own seed. See `sweep_likeness` for similarity
and redundancy and `sweep_findings` for the claims; both are offered from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import BadParameter
from analysis.pipelines.sweep_findings import findings
from analysis.pipelines.sweep_likeness import Redundancy, Similarity, redundancy, similarity
from analysis.pipelines.sweep_reading import (
    Interval,
    Members,
    Samples,
    grid_of,
    intervals,
    members_of,
    places_of,
    replicates,
    severities_of,
    values,
)
from analysis.robustness import aggregates, published
from analysis.robustness import curves as lines
from analysis.robustness import identities as checks
from analysis.robustness.fragility import Fragility
from analysis.robustness.fragility import fragility as judged
from analysis.robustness.scores import NAMES, cell_values
from analysis.sweeps import SweepRecord

if TYPE_CHECKING:
    from analysis.store.store import Store

__all__ = [
    "Aggregates",
    "Interval",
    "Redundancy",
    "Similarity",
    "accuracies",
    "aggregated",
    "curves",
    "findings",
    "fragility",
    "identities",
    "mce",
    "per_class",
    "redundancy",
    "replicates",
    "scores",
    "similarity",
]

_CHECKED = 4_000_000  # rows at a time


@dataclass(frozen=True, slots=True, eq=False)
class Aggregates:
    """What every member comes to over the corruptions, (M,) each; a member with a missing cell has nan."""

    members: tuple[int, ...]
    corruptions: tuple[str, ...]  # that were taken
    standard: bool  # whether these are the fifteen of mCE
    reference: str  # a member's name, or the published row that errors are divided by
    samples: int
    clean: Interval  # accuracy
    corrupted: Interval  # accuracy, mean over corruptions and severities
    mean_error: Interval
    mce: Interval  # percent
    relative_mce: Interval  # percent
    robust_gap: Interval
    effective: Interval  # effective robustness
    errors: Interval  # (M, K) mean over severities


def accuracies(store: Store, sweep: SweepRecord, members: Members = None, samples: Samples = None) -> np.ndarray:
    """(M, C), nan where a cell is not there."""
    given = {"members": members_of(sweep, members), "conditions": range(len(sweep.conditions))}
    return store.sweeps.grouped(sweep.sweep_id, **given, samples=samples).accuracy


def scores(
    store: Store, sweep: SweepRecord, name: str, members: Members = None, samples: Samples = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One of `scores.NAMES`: value, low, high, (M, C) each, nan where there is none.

    Over all samples as the sweep kept them. Over some it is computed anew, without intervals.
    """
    if name not in NAMES:
        raise BadParameter(f"There is no score '{name}'. There are {', '.join(NAMES)}.")
    chosen = members_of(sweep, members)
    made = np.full((3, len(chosen), len(sweep.conditions)), np.nan)
    if samples is not None:
        made[0] = _selected_scores(store, sweep, name, chosen, samples)
        return made[0], made[1], made[2]
    at = {member: place for place, member in enumerate(chosen)}
    for cell in store.sweeps.cells(sweep.sweep_id):
        if cell.member in at and (found := cell.scores.get(name)):
            made[:, at[cell.member], cell.condition] = found.value, found.low, found.high
    return made[0], made[1], made[2]


def aggregated(
    store: Store,
    sweep: SweepRecord,
    members: Members = None,
    samples: Samples = None,
    *,
    reference: str = "",
    resampled: np.ndarray | None = None,
) -> Aggregates:
    """Over the corruptions of mCE that the sweep has (all of its corruptions, where it has none of them).

    reference: what errors are divided by: a member's name (default: the sweep's own reference), or for images of
    ImageNet the key of a published row ("AlexNet"). resampled: `replicates` of the same, where the caller has them.
    """
    chosen = members_of(sweep, members)
    name = reference or sweep.reference
    asked = [*chosen, *([own] if (own := sweep.member(name)) is not None and own not in chosen else [])]
    if resampled is None or len(asked) > len(chosen):
        resampled = replicates(store, sweep, asked, samples)
    taken = tuple(c for c in sweep.corruptions if c in aggregates.FIFTEEN) or sweep.corruptions
    errors = aggregates.corruption_errors(resampled, grid_of(sweep, taken))
    clean = 1 - resampled[:, 0]
    against, against_clean = _reference(sweep, name, taken, errors, clean, asked)
    count = sweep.samples if samples is None else len(np.unique(np.asarray(samples)))
    m = len(chosen)
    corrupted = 1 - aggregates.mean_error(errors)
    return Aggregates(
        members=chosen,
        corruptions=taken,
        standard=set(taken) == set(aggregates.FIFTEEN),
        reference=name,
        samples=count,
        clean=intervals(1 - clean[:m]),
        corrupted=intervals(corrupted[:m]),
        mean_error=intervals(1 - corrupted[:m]),
        mce=intervals(aggregates.mce(errors, against)[:m]),
        relative_mce=intervals(aggregates.relative_mce(errors, clean, against, against_clean)[:m]),
        robust_gap=intervals(aggregates.robust_gap(errors, clean)[:m]),
        effective=intervals(aggregates.effective_robustness(1 - clean[:m], corrupted[:m], count)),
        errors=intervals(errors[:m]),
    )


def mce(
    store: Store, sweep: SweepRecord, members: Members = None, samples: Samples = None, *, reference: str = ""
) -> Interval:
    """Percent, (M,); see `aggregated` for what else comes with it."""
    return aggregated(store, sweep, members, samples, reference=reference).mce


def curves(
    store: Store, sweep: SweepRecord, members: Members = None, samples: Samples = None, *, name: str = "accuracy"
) -> lines.Curves:
    """A score against severity: (M, K, 1 + V) in the order of the sweep's corruptions, clean first."""
    places = grid_of(sweep, sweep.corruptions)
    if name == "accuracy":
        return lines.curves(replicates(store, sweep, members, samples), places, severities_of(sweep))
    value, low, high = scores(store, sweep, name, members, samples)
    every = np.concatenate([np.zeros((len(places), 1), np.int64), places], axis=1)
    laid = [np.where(every >= 0, found[:, every], np.nan) for found in (value, low, high)]
    return lines.Curves((0, *severities_of(sweep)), *laid)


def fragility(
    store: Store,
    sweep: SweepRecord,
    members: Members = None,
    samples: Samples = None,
    *,
    conditions: Sequence[int] | None = None,
) -> Fragility:
    """What the members make of each sample under the conditions given (default: all but clean)."""
    wanted = [c for c in range(1, len(sweep.conditions)) if conditions is None or c in conditions]
    correct = values(store, sweep, ["correct"], members, [0, *wanted], samples)["correct"]
    return judged(places_of(store, sweep, samples), correct[:, 1:], correct[:, 0])


def per_class(
    store: Store, sweep: SweepRecord, conditions: Sequence[int], members: Members = None, samples: Samples = None
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy on each true class (M, C, L), nan where it has no samples, and how many it has (L,)."""
    correct = values(store, sweep, ["correct"], members, conditions, samples)["correct"]
    places, truth = store.sweeps.truth(sweep.sweep_id)
    if samples is not None:
        truth = truth[np.isin(places, np.asarray(samples))]
    of_class = (truth[:, None] == np.arange(len(sweep.class_names))).astype(np.float32)  # (S, L)
    known = (correct >= 0).astype(np.float32) @ of_class
    with np.errstate(invalid="ignore"):
        return ((correct == 1).astype(np.float32) @ of_class) / known, of_class.sum(axis=0).astype(np.int64)


def identities(store: Store, sweep: SweepRecord) -> checks.Signs:
    """Whether the sign of the margin is correctness in all rows of the sweep."""
    members, found = range(len(sweep.members)), []
    step = max(_CHECKED // max(sweep.samples * len(members), 1), 1)
    for start in range(0, len(sweep.conditions), step):
        conditions = range(len(sweep.conditions))[start : start + step]
        rows = values(store, sweep, ["margin", "correct"], members, conditions, None)
        found.append(checks.signs(rows["margin"], rows["correct"]))
    sums = [sum(getattr(s, n) for s in found) for n in ("checked", "ties", "violations")]
    return checks.Signs(*sums, worst=max((s.worst for s in found), default=0.0))


_COLUMNS = {
    "ece": ["confidence", "correct"],
    "agreement": ["prediction"],
    "auroc_msp": ["confidence"],
    "auroc_max_logit": ["max_logit"],
    "auroc_energy": ["energy"],
}
_SUMS = {"nll": "loss", "brier": "brier"}


def _selected_scores(
    store: Store, sweep: SweepRecord, name: str, members: Sequence[int], samples: Samples
) -> np.ndarray:
    conditions = range(len(sweep.conditions))
    if name not in _COLUMNS:
        found = store.sweeps.grouped(sweep.sweep_id, members=members, conditions=conditions, samples=samples)
        what, _, number = name.partition("_")
        if name == "accuracy":
            return found.accuracy
        return found.variances[number] if what == "var" else found.means[_SUMS.get(name, number)]
    own = sweep.member(sweep.reference) if name == "agreement" else None
    asked = [*members, *([own] if own is not None else [])]
    columns = values(store, sweep, _COLUMNS[name], asked, conditions, samples)
    made = np.full((len(members), len(conditions)), np.nan)
    places = np.arange(next(iter(columns.values())).shape[2])

    def rows(member: int, condition: int) -> dict[str, np.ndarray]:
        return {"sample": places} | {n: c[member, condition] for n, c in columns.items()}

    for m, c in np.ndindex(made.shape):
        clean = rows(m, 0) if c and name.startswith("auroc") else None
        found = cell_values(rows(m, c), clean, rows(-1, c) if own is not None else None)
        made[m, c] = found.get(name, np.nan)
    return made


def _reference(
    sweep: SweepRecord,
    name: str,
    corruptions: Sequence[str],
    errors: np.ndarray,
    clean: np.ndarray,
    members: Sequence[int],
) -> tuple[np.ndarray, np.ndarray]:
    """What errors are divided by: (K, R) and the clean errors (R,)."""
    own = sweep.member(name)
    if own is not None:
        return errors[members.index(own)], clean[members.index(own)]
    benchmark = published.benchmark_of(sweep.table, sweep.class_names)
    if benchmark != "ImageNet-C":
        raise BadParameter(
            f"Errors are divided by those of a member of the sweep ({', '.join(m.name for m in sweep.members)}); "
            f"got '{name}'. Published rows serve for sweeps of ImageNet's 1,000 classes only."
        )
    row = published.row(name)
    given = np.array([[row.errors.get(c, np.nan)] for c in corruptions])
    return given, np.array([np.nan if row.clean is None else 1 - row.clean])
