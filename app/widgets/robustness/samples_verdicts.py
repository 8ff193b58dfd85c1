"""What the gallery of samples is about: whose condition, the verdicts of all members under it, the order of samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app import resources
from app.robustness_choice import Subject
from app.robustness_words import condition
from app.sweep_numbers import kept
from app.widgets.robustness.samples_order import Order, Under, Verdicts, ordered


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """The samples of one list, in order, of those that are selected (or of all)."""

    samples: np.ndarray  # (n,) int32
    verdicts: Verdicts  # of all that are selected
    condition: int  # a place in the sweep's conditions


def resolved(subject: Subject, under: Under) -> Under:
    """Whose condition: by default a's where something was done to its images, else b's."""
    if under != "auto":
        return under
    return "a" if subject.sweep.conditions[subject.a[1]].severity else "b"


def listed(subject: Subject, order: Order) -> Listed:
    """Read and sort them."""
    sweep = subject.sweep
    at = (subject.a if resolved(subject, order.under) == "a" else subject.b)[1]
    verdicts = _of(kept(sweep, ("verdicts", subject.members, at), lambda: _read(subject, at)), subject.selected)
    margins = _margins(subject, subject.a) if order.sort in ("margin", "change") else None
    others = _margins(subject, subject.b) if order.sort == "change" else None
    places = ordered(verdicts, order.sort, margins, others)
    places = places[verdicts.listed(order.which, order.least)[places]]
    return Listed(verdicts.samples[places], verdicts, at)


def words(subject: Subject, order: Order, found: Listed) -> str:
    """A list in words: `wrong in 3 or more of 24 under fog 3`."""
    count = len(subject.members)
    which = {
        "all": f"samples of {subject.words}," if subject.words else "samples,",
        "robust": f"right in all {count}",
        "everywhere": f"wrong in all {count}",
        "fragile": f"wrong in {order.least} or more of {count}" if order.least > 1 else f"wrong in any of {count}",
    }[order.which]
    return f"{which} {'verdicts ' * (order.which == 'all')}under {condition(subject.sweep.conditions[found.condition])}"


def _read(subject: Subject, at: int) -> Verdicts:
    store, sweep = resources.store().sweeps, subject.sweep
    samples = store.truth(sweep.sweep_id)[0]
    correct = store.values(sweep.sweep_id, ["correct"], members=subject.members, conditions=[at])["correct"]
    return Verdicts.of(samples, correct[:, 0])


def _of(verdicts: Verdicts, selected: np.ndarray | None) -> Verdicts:
    if selected is None:
        return verdicts
    shown = np.isin(verdicts.samples, selected)
    return Verdicts(verdicts.samples[shown], verdicts.wrong[shown], verdicts.judged[shown])


def _margins(subject: Subject, at: tuple[int, int]) -> np.ndarray:
    """(S,) of one member under one condition, of the samples that are selected."""
    sweep = subject.sweep

    def read() -> np.ndarray:
        found = resources.store().sweeps.values(sweep.sweep_id, ["margin"], members=[at[0]], conditions=[at[1]])
        return found["margin"][0, 0]

    every = kept(sweep, ("margins", at), read)
    if subject.selected is None:
        return every
    samples = resources.store().sweeps.truth(sweep.sweep_id)[0]
    return every[np.isin(samples, subject.selected)]
