"""Angles between the vectors of classes: what weights and means share."""

import numpy as np

from analysis.geometry.heads import unit_rows
from analysis.geometry.registry import Measured, undefined

_LENGTH = 1e-10  # beside the longest: a shorter vector has no direction


def cosines(vectors: np.ndarray) -> np.ndarray | None:
    """(K, D) -> (K, K) within -1..1, 1 on the diagonal; None where a vector has no direction."""
    lengths = np.sqrt(np.square(vectors).sum(axis=1))
    if not len(vectors) or lengths.min() <= _LENGTH * lengths.max():
        return None
    units = unit_rows(vectors)
    found = np.clip(units @ units.T, -1, 1)
    np.fill_diagonal(found, 1)
    return found


def pairs(matrix: np.ndarray) -> np.ndarray:
    """(K, K) -> (K (K - 1) / 2,) what is above the diagonal."""
    return matrix[np.triu_indices(len(matrix), 1)]


def between(vectors: np.ndarray, classes: np.ndarray, samples: int, noun: str) -> Measured:
    """The smallest angle between the vectors (K, D) of classes (K,), in degrees, and each class's closest one."""
    if len(vectors) < 2:
        return undefined("an angle takes two classes", samples)
    found = cosines(vectors)
    if found is None:
        return undefined(f"the {noun} of a class have no length, so no direction", samples)
    others = found.copy()
    np.fill_diagonal(others, -2)
    closest = others.argmax(axis=1)
    each = np.degrees(np.arccos(others[np.arange(len(found)), closest]))
    arrays = {
        "cosines": found.astype(np.float32),
        "classes": classes,
        "closest": classes[closest],
        "angles": each,
    }
    return Measured(float(each.min()), samples, arrays=arrays)
