"""What the Robustness page reads of a sweep, kept from one drawing to the next.

Keys hold how many cells there are, so that what is kept is forgotten while a sweep fills.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import streamlit as st

from analysis.sweeps import Cell, Grouped, SweepRecord
from app import resources
from app.evaluation import Counted, stored
from app.recent import Recent

if TYPE_CHECKING:
    from analysis.pipelines.sweep_summary import Aggregates

KEPT = 64
BINS = 14
TAILS = 0.005  # of a sweep's samples, out of the histograms' range: counted in the bins at the ends
"""Of a histogram in a cell."""

T = TypeVar("T")


@st.cache_resource(show_spinner=False)
def _kept() -> Recent[Hashable, object]:
    return Recent(KEPT)


def kept(sweep: SweepRecord, what: Hashable, make: Callable[[], T], samples: np.ndarray | None = None) -> T:
    """Something that follows from a sweep's cells and a selection, made once; `what` names it and its settings."""
    chosen = None if samples is None else samples.tobytes()
    key = (sweep.sweep_id, resources.store().sweeps.filled(sweep.sweep_id), what, chosen)
    return _kept().made(key, make)  # pyright: ignore[reportReturnType]  # what is under this key was made by `make`


def cells(sweep: SweepRecord) -> Mapping[tuple[int, int], Cell]:
    """Those that are there, by member and condition."""

    def read() -> dict[tuple[int, int], Cell]:
        return {(c.member, c.condition): c for c in resources.store().sweeps.cells(sweep.sweep_id)}

    return kept(sweep, "cells", read)


def grouped(sweep: SweepRecord, samples: np.ndarray | None = None) -> Grouped:
    """Sums of all members and conditions over the samples given."""
    every = {"members": range(len(sweep.members)), "conditions": range(len(sweep.conditions))}
    return kept(
        sweep, "grouped", lambda: resources.store().sweeps.grouped(sweep.sweep_id, **every, samples=samples), samples
    )


def edges(sweep: SweepRecord, number: str) -> np.ndarray | None:
    """(BINS + 1,) edges of the histograms of a number, the same for all cells; None where no sample has it."""
    if number == "confidence":
        return np.linspace(0, 1, BINS + 1)
    low, high = kept(
        sweep, ("range", number), lambda: resources.store().sweeps.ranges(sweep.sweep_id, [number], tails=TAILS)[number]
    )
    return np.linspace(low, high, BINS + 1) if high > low else None


def histograms(sweep: SweepRecord, number: str, samples: np.ndarray | None = None) -> np.ndarray | None:
    """(M, C, BINS) counts of all members and conditions; None where no sample has the number."""
    found = edges(sweep, number)
    if found is None:
        return None
    every = {"members": range(len(sweep.members)), "conditions": range(len(sweep.conditions))}

    def read() -> np.ndarray:
        return resources.store().sweeps.histograms(sweep.sweep_id, number, found.tolist(), **every, samples=samples)

    return kept(sweep, ("histograms", number), read, samples)


def counted(sweep: SweepRecord, score: str, samples: np.ndarray | None) -> Counted | None:
    """A score of the table over a selection; None where all are selected."""
    if samples is None:
        return None

    def read() -> np.ndarray:
        from analysis.pipelines.sweep_summary import scores

        return scores(resources.store(), sweep, stored(score), samples=samples)[0]

    return Counted(kept(sweep, ("score", stored(score)), read, samples), len(samples))


def aggregated(sweep: SweepRecord, samples: np.ndarray | None = None) -> Aggregates | None:
    """mCE and its relatives of all members; None where nothing was corrupted or selected."""
    from analysis.pipelines.sweep_summary import aggregated as found

    if not sweep.corruptions or (samples is not None and not len(samples)):
        return None
    return kept(sweep, "aggregated", lambda: found(resources.store(), sweep, samples=samples), samples)
