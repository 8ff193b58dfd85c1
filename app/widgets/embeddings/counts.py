"""What a set of samples is made of, against all of them: classes, and which are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.records import UNLABELLED, Confusion, DatasetRecord, PassRecord


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """One row a class that is there, in the order of lift: how much more frequent it is among some than among all."""

    classes: np.ndarray  # (n,) int64
    some: np.ndarray  # (n,) int64 samples
    all: np.ndarray  # (n,) int64 samples
    share: np.ndarray  # (n,) of the labelled ones among some
    lift: np.ndarray  # (n,) share among some over share among all
    right: np.ndarray  # (n,) accuracy among some; nan where nothing is known
    right_all: np.ndarray  # (n,) accuracy among all


def by_class(codes: np.ndarray, correct: np.ndarray, some: np.ndarray) -> Shares:
    """codes (N,) classes, -1 for none; correct (N,) 1, 0 or nan; some (n,) samples. Classes with none of them stay."""
    count = int(codes.max(initial=-1)) + 1
    every = np.arange(len(codes))
    total, found = (_counts(codes[rows], None, count) for rows in (every, some))
    classes = np.flatnonzero(total)
    share, base = (c[classes] / max(c.sum(), 1) for c in (found, total))
    lift = share / base
    order = np.lexsort((classes, -found[classes], -lift))
    shown = classes[order]
    right, right_all = (_accuracy(codes[rows], correct[rows], count)[shown] for rows in (some, every))
    return Shares(shown, found[shown], total[shown], share[order], lift[order], right, right_all)


def _counts(codes: np.ndarray, weights: np.ndarray | None, count: int) -> np.ndarray:
    known = codes >= 0
    return np.bincount(codes[known], None if weights is None else weights[known], count)


def _accuracy(codes: np.ndarray, correct: np.ndarray, count: int) -> np.ndarray:
    judged = np.isfinite(correct)
    rights = _counts(codes[judged], correct[judged], count)
    known = _counts(codes[judged], None, count)
    return np.where(known > 0, rights / np.maximum(known, 1), np.nan)


def of_labels(labels: np.ndarray, dataset: DatasetRecord, record: PassRecord) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels in the classes of a model, (N,) -1 where it has no such class; with the classes' names."""
    table = np.array([*record.class_map, UNLABELLED], np.int64)
    return np.where(labels >= 0, table[np.clip(labels, -1, len(table) - 2)], UNLABELLED), record.class_names


def by_name(codes: np.ndarray, names: Sequence[str], onto: Sequence[str]) -> np.ndarray:
    """Classes of one model as those of another that are called the same, -1 where there is none."""
    places = {name: i for i, name in reversed([*enumerate(onto)])}
    table = np.array([*(places.get(name, -1) for name in names), -1], np.int64)
    return table[codes]


def confused(rows: np.ndarray, columns: np.ndarray, names: tuple[str, ...], most: int) -> Confusion:
    """rows, columns (n,) codes into the same names, -1 where a side says nothing. Of more than `most` classes, those
    with the most disagreement stay, then the most frequent.
    """
    both = (rows >= 0) & (columns >= 0)
    left, top = rows[both].astype(np.int64), columns[both].astype(np.int64)
    size = len(names)
    total = np.bincount(left, minlength=size) + np.bincount(top, minlength=size)
    differ = left != top
    wrong = np.bincount(left[differ], minlength=size) + np.bincount(top[differ], minlength=size)
    order = np.lexsort((np.arange(size), -total, -wrong))
    shown = np.sort(order[total[order] > 0][:most])
    places = np.full(size, -1, np.int64)
    places[shown] = np.arange(len(shown))
    inside = (places[left] >= 0) & (places[top] >= 0)
    flat = places[left[inside]] * len(shown) + places[top[inside]]
    counts = np.bincount(flat, minlength=len(shown) ** 2).reshape(len(shown), len(shown))
    ids, called = tuple(int(i) for i in shown), tuple(names[i] for i in shown)
    return Confusion(counts.astype(np.int64), ids, called, ids, called)
