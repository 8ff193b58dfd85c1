"""What is in a cluster: its classes, how pure it is, and samples that stand for it.

Classes are ordered by the log-likelihood ratio of the two-by-two table "in the cluster or not, of the class or not"
(Dunning 1993, "Accurate methods for the statistics of surprise and coincidence", Computational Linguistics 19): by
how surprising it is that so many of the class are here, not by the ratio alone. A class whose one sample happens to
be here has a high lift, and little surprise.
"""

from collections.abc import Iterator

import numpy as np

from analysis.embeddings import Described
from analysis.errors import BadParameter
from analysis.projections.prepared import BLOCK

CLASSES = 10
"""Over-represented classes that are named."""

EXEMPLARS = 12


def describe(labels: np.ndarray, values: np.ndarray, truth: np.ndarray, classes: int) -> tuple[Described, ...]:
    """Each cluster in words and numbers, the largest first, what belongs to none last.

    labels (N,) with -1 for none, values (N, D) that they were found in, truth (N,) the dataset's classes with -1 where
    it is not known, and how many classes there are. Lift: share of the class among the cluster's labelled samples,
    divided by its share among all labelled ones; only classes with a lift above 1 are named. Exemplars are the
    samples nearest to the cluster's mean, twins left out; of what belongs to none, samples at even steps.
    """
    if not len(labels) == len(values) == len(truth):
        raise BadParameter(f"Labels, values and classes differ: {len(labels):,}, {len(values):,}, {len(truth):,}.")
    known = truth >= 0
    overall = np.bincount(truth[known], minlength=classes)
    order = np.argsort(labels, kind="stable")  # so that each cluster is a run of samples
    names, starts = np.unique(labels[order], return_index=True)
    members = dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True)) if len(labels) else {}
    numbers = sorted(n for n in members if n >= 0)
    return tuple(_one(n, members[n], values, truth, overall) for n in [*numbers, *[n for n in members if n < 0]])


def _one(number: int, rows: np.ndarray, values: np.ndarray, truth: np.ndarray, overall: np.ndarray) -> Described:
    inside = np.bincount(truth[rows][truth[rows] >= 0], minlength=len(overall))
    labelled = int(inside.sum())
    return Described(
        cluster=int(number),
        size=len(rows),
        purity=float(inside.max() / labelled) if labelled else float("nan"),
        classes=_over_represented(inside, overall) if labelled else (),
        exemplars=_central(rows, values) if number >= 0 else _steps(rows, values),
    )


def _over_represented(inside: np.ndarray, overall: np.ndarray) -> tuple[tuple[int, int, float], ...]:
    with np.errstate(invalid="ignore", divide="ignore"):
        lift = (inside / inside.sum()) / (overall / overall.sum())
    lift = np.where(overall > 0, lift, 0.0)
    found = surprise(inside, overall)
    order = [c for c in np.lexsort((-inside, -found)) if lift[c] > 1 + 1e-9]
    return tuple((int(c), int(inside[c]), float(lift[c])) for c in order[:CLASSES])


def surprise(inside: np.ndarray, overall: np.ndarray) -> np.ndarray:
    """Dunning's log-likelihood ratio G2 of each class. Samples in the cluster (L,), of all (L,) -> (L,) float64"""
    size, total = inside.sum(), overall.sum()
    table = np.stack([inside, size - inside, overall - inside, total - size - overall + inside]).astype(np.float64)
    expected = np.stack(
        [size * overall, size * (total - overall), (total - size) * overall, (total - size) * (total - overall)]
    ) / max(1, int(total))
    with np.errstate(invalid="ignore", divide="ignore"):
        terms = np.where(table > 0, table * np.log(table / expected), 0.0)
    return 2 * terms.sum(axis=0)


def _central(rows: np.ndarray, values: np.ndarray) -> tuple[int, ...]:
    """The samples nearest to the mean of theirs, no two of them alike."""
    mean = sum(part.sum(axis=0) for part in _parts(rows, values)) / len(rows)
    apart = np.concatenate([np.square(part - mean).sum(axis=1) for part in _parts(rows, values)])
    kept: list[int] = []
    for at in np.argsort(apart, kind="stable"):
        twin = any(apart[at] == apart[other] and (values[rows[at]] == values[rows[other]]).all() for other in kept)
        if not twin:
            kept.append(int(at))
        if len(kept) == EXEMPLARS:
            break
    return tuple(int(rows[at]) for at in kept)


def _parts(rows: np.ndarray, values: np.ndarray) -> Iterator[np.ndarray]:
    """float64, a few megabytes at a time."""
    step = max(1, BLOCK // values.shape[1])
    for start in range(0, len(rows), step):
        yield np.asarray(values[rows[start : start + step]], np.float64)


def _steps(rows: np.ndarray, values: np.ndarray) -> tuple[int, ...]:
    rows = rows[np.isfinite(np.asarray(values[rows])).all(axis=1)]
    if not len(rows):
        return ()
    return tuple(rows[np.unique(np.linspace(0, len(rows) - 1, min(EXEMPLARS, len(rows))).round().astype(int))].tolist())
