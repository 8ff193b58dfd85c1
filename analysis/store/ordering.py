"""A page of a long list in order, without sorting all of it."""

import numpy as np

_FEW = 20_000


def page(samples: np.ndarray, keys: np.ndarray, *, descending: bool, start: int, stop: int) -> np.ndarray:
    """The samples at places start .. stop - 1 when sorted by their keys; ties by sample, those without a key last.

    samples (n,) ascending; keys (n,) floats with nan for none, or whole numbers with -1 for none.
    """
    without = np.isnan(keys) if keys.dtype.kind == "f" else keys < 0
    last = samples[without]
    if len(last):
        samples, keys = samples[~without], keys[~without]
    values = -keys if descending else keys
    known = len(samples)
    front = samples[_places(values, min(start, known), min(stop, known))]
    return np.concatenate([front, last[max(start - known, 0) : max(stop - known, 0)]])


def _places(values: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Where the values of ranks start .. stop - 1 are, in a stable order."""
    if start >= stop:
        return np.zeros(0, np.intp)
    if len(values) <= _FEW:
        return np.argsort(values, kind="stable")[start:stop]
    least = np.partition(values, stop - 1)[:stop]  # twice for one rank is ten times faster than once for two
    low, high = np.partition(least, start)[start], least[stop - 1]
    before = np.count_nonzero(values < low)
    near = np.flatnonzero((values >= low) & (values <= high))  # all with the same key as the first and the last
    return near[np.argsort(values[near], kind="stable")][start - before : stop - before]
