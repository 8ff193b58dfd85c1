"""In which order the evaluation table has its rows and columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.sweeps import CLEAN, GEOMETRY, Grouped, SweepRecord
from app.evaluation import Evaluation
from app.robustness_words import family

FAMILY, CLUSTER, NAME, MEAN = "family", "cluster", "name", "mean"


@dataclass(frozen=True, slots=True)
class Order:
    """Places of the rows and columns of an evaluation."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]


def order(
    sweep: SweepRecord, found: Evaluation, sort: str, grouped: Grouped | None, summaries: Mapping[str, np.ndarray]
) -> Order:
    """sort: as `Choice.sort`; grouped is wanted for "cluster" only; summaries: (R,) each, by name.

    What means nothing here sorts by family.
    """
    down, by = sort.startswith("-"), sort.removeprefix("-") or FAMILY
    columns = tuple(range(len(found.columns)))
    if by == CLUSTER and grouped is not None:
        rows, columns = clustered(found, grouped)
        return Order(rows[::-1] if down else rows, columns)
    if by == NAME:
        rows = tuple(sorted(range(len(found.members)), key=lambda i: sweep.members[found.members[i]].name))
        return Order(rows[::-1] if down else rows, columns)
    columned = {column.corruption: found.values[:, k] for k, column in enumerate(found.columns)}
    numbers = {**columned, MEAN: found.mean, **summaries}.get(by)
    if numbers is None:
        rows = by_family(sweep, found.members)
        return Order(rows[::-1] if down else rows, columns)
    keyed = np.where(np.isfinite(numbers), -numbers if down else numbers, np.inf)
    return Order(tuple(int(i) for i in np.argsort(keyed, kind="stable")), columns)


def by_family(sweep: SweepRecord, members: Sequence[int]) -> tuple[int, ...]:
    """The reference and other dense models, then each method's variants by their sparsity, then decks."""
    families = list(dict.fromkeys(family(m) for m in sweep.members))

    def key(i: int) -> tuple[bool, bool, bool, int, float, str]:
        member = sweep.members[members[i]]
        own = family(member)
        return (
            member.name != sweep.reference, bool(own), member.kind == "deck", families.index(own),
            member.sparsity or 0.0, member.name,
        )  # fmt: skip

    return tuple(sorted(range(len(members)), key=key))


def clustered(found: Evaluation, grouped: Grouped) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and columns such that those alike stand side by side: by the means of the three numbers in each cell.

    Average linkage on Euclidean distances of standardised means, leaves in the order that keeps neighbours closest.
    Clean stays first. Where no member has a linear head: by accuracy.
    """
    members = list(found.members)
    numbers = [grouped.means[n][members] for n in GEOMETRY if np.isfinite(grouped.means[n]).any()] or [
        grouped.accuracy[members]
    ]
    cells = np.stack([_standard(n) for n in numbers], axis=-1)  # (R, C, numbers)
    columns = np.stack([cells[:, c.conditions].mean(axis=1) for c in found.columns], axis=1)
    rows = _leaves(columns.reshape(len(members), -1))
    inner = [k for k, c in enumerate(found.columns) if c.corruption != CLEAN]
    turned = columns[:, inner].transpose(1, 0, 2).reshape(len(inner), -1)
    outer = [k for k in range(len(found.columns)) if k not in inner]
    return rows, (*outer, *(inner[i] for i in _leaves(turned)))


def _standard(values: np.ndarray) -> np.ndarray:
    spread = np.nanstd(values) if np.isfinite(values).any() else 0.0
    made = (values - np.nanmean(values)) / spread if spread > 0 else np.zeros_like(values)
    return np.nan_to_num(made)  # a cell that is not there stands in the middle


def _leaves(vectors: np.ndarray) -> tuple[int, ...]:
    from scipy.cluster.hierarchy import leaves_list, linkage

    if len(vectors) < 3:
        return tuple(range(len(vectors)))
    return tuple(int(i) for i in leaves_list(linkage(vectors, "average", optimal_ordering=True)))
