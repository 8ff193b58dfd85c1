"""What a linear head says of features, and what its angles alone would say: one pass over the rows."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Of N samples; NaN where the label is not known, or has no row in the head."""

    guesses: np.ndarray  # (N,) the class of the largest logit
    sphere_guesses: np.ndarray  # (N,) the class of the largest cosine
    margins: np.ndarray  # (N,) z_y - max z_j over j other than y
    distances: np.ndarray  # (N,) min (z_y - z_j) / ||w_y - w_j||; below zero on the wrong side of a boundary
    own_cosines: np.ndarray  # (N,) between the features and w_y; NaN too for features of length 0
    top_cosines: np.ndarray  # (N,) the largest; NaN for features of length 0


def judged(
    parts: Iterable[tuple[slice, np.ndarray]], labels: np.ndarray, weight: np.ndarray, bias: np.ndarray
) -> Judged:
    """parts of (N, D) float64, labels (N,) with -1 unknown, weight (L, D), bias (L,)."""
    count = len(labels)
    guesses, sphere = np.zeros(count, np.int64), np.zeros(count, np.int64)
    margins, distances, own, top = (np.full(count, np.nan) for _ in range(4))
    gaps = np.sqrt(squared_distances(weight))
    lengths_of_weights = np.sqrt(np.square(weight).sum(axis=1))
    for where, part in parts:
        products = part @ weight.T
        logits = products + bias
        guesses[where] = logits.argmax(axis=1)
        lengths = np.sqrt(np.square(part).sum(axis=1))
        cosines = products / np.where(lengths_of_weights > 0, lengths_of_weights, 1)
        cosines /= np.where(lengths > 0, lengths, np.nan)[:, None]
        sphere[where] = np.where(lengths > 0, np.nan_to_num(cosines).argmax(axis=1), guesses[where])
        top[where] = cosines.max(axis=1)
        rows = np.flatnonzero((labels[where] >= 0) & (labels[where] < len(weight)))
        classes = labels[where][rows]
        own[where.start + rows] = cosines[rows, classes]
        if len(weight) > 1 and rows.size:
            ahead = logits[rows, classes][:, None] - logits[rows]
            ahead[np.arange(len(rows)), classes] = np.inf
            margins[where.start + rows] = ahead.min(axis=1)
            apart = gaps[classes]
            far = np.divide(ahead, apart, out=np.full_like(ahead, np.inf), where=apart > 0).min(axis=1)
            distances[where.start + rows] = np.where(np.isfinite(far), far, np.nan)
    return Judged(guesses, sphere, margins, distances, own, top)


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Each row over its length; rows of length 0 stay so."""
    lengths = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    return rows / np.where(lengths > 0, lengths, 1)


def squared_distances(rows: np.ndarray) -> np.ndarray:
    """(L, D) -> (L, L), exactly 0 for rows that are equal."""
    squares = np.square(rows).sum(axis=1)
    found = squares[:, None] + squares - 2 * rows @ rows.T
    found[found <= 1e-13 * np.maximum(squares[:, None], squares)] = 0
    np.fill_diagonal(found, 0)
    return found
