"""What must be said of any measure's number for the samples that it was given: too few, copies, left out.

Said in one place, for all measures: see `MeasureRegistry.register`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analysis.geometry.features import Features
    from analysis.geometry.registry import Measured

FEW = "the mean of so few lies close to each of them"
"""In a caveat of numbers of class means where most classes have hardly any samples."""
ENOUGH = 5  # samples of the middle class
COPIES = 0.05  # share of samples
_SINGLE = "a single sample"


def with_caveats(found: Measured, given: tuple[Features, ...], *, of_means: bool, asks_others: bool) -> Measured:
    """What a measure found of one or two `Features`, with what must be said beside it.

    of_means: undefined where every class has a single sample. asks_others: as `Measure.asks_others`.
    """
    said = left_out(given)
    if of_means and not found.why:
        counts = given[0].counts
        if len(counts) and counts.max() < 2:
            why = f"not defined here because every class has {_SINGLE}, which is its own mean"
            nothing = {"value": float("nan"), "low": float("nan"), "high": float("nan"), "interval": "", "arrays": {}}
            found = replace(found, why=why, **nothing)
        else:
            said += few(counts, told=any(_SINGLE in one for one in found.caveats))
    if asks_others and not found.why:
        said += copies(given)
    return replace(found, caveats=found.caveats + said) if said else found


def left_out(given: tuple[Features, ...]) -> tuple[str, ...]:
    """Rows that are not finite, of either where there are two."""
    count = max(of.left_out for of in given)
    if len(given) == 2 and all(of.left_out for of in given):
        one, two = given
        if len(one) + one.left_out == len(two) + two.left_out:
            count = len(one) + one.left_out - len(np.intersect1d(one.rows, two.rows, assume_unique=True))
    be = "is" if count == 1 else "are"
    return (f"{_samples(count)} with features that are not finite {be} left out.",) if count else ()


def few(counts: np.ndarray, *, told: bool) -> tuple[str, ...]:
    """counts (K,) samples of each class. told: of classes of one sample the measure speaks itself."""
    single, middle = int(np.count_nonzero(counts == 1)), int(np.median(counts)) if len(counts) else 0
    said = ()
    if single and not told:
        said += (f"{single:,} of {len(counts):,} classes have {_SINGLE}: the mean is the sample itself.",)
    if 0 < middle < ENOUGH:
        said += (f"Half of the classes have at most {_samples(middle)}: {FEW}.",)
    return said


def copies(given: tuple[Features, ...]) -> tuple[str, ...]:
    """Rows that equal an earlier one; of two features, of those that have more."""
    of = max(given, key=lambda one: one.copies)
    if of.copies <= COPIES * len(of):
        return ()
    same = f"{of.copies:,} of {len(of):,} samples have exactly the features of another"
    return (f"{same}: held-out samples may have been learnt.",)


def _samples(count: int) -> str:
    return f"{count:,} sample" + ("" if count == 1 else "s")
