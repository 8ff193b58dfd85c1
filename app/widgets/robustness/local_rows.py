"""What one representation, a member under a condition, says of all samples of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app import resources, robustness_words, sweep_numbers
from app.robustness_choice import Subject

NAMES = ("prediction", "correct", "confidence", "loss", "angle", "length", "margin")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """All samples of a sweep before one member under one condition, (S,) each."""

    place: tuple[int, int]  # member, condition
    samples: np.ndarray  # ids, ascending
    truth: np.ndarray  # -1 where unknown
    numbers: Mapping[str, np.ndarray]  # NAMES; nan, or -1, where there is none

    @property
    def there(self) -> bool:
        """Whether the cell is computed."""
        return bool(np.any(self.numbers["prediction"] >= 0))

    @property
    def linear(self) -> bool:
        """Whether angle and length are known of any sample."""
        return bool(np.isfinite(self.numbers["angle"]).any() and np.isfinite(self.numbers["length"]).any())


def rows(subject: Subject, place: tuple[int, int]) -> Rows:
    """A representation as the store has it."""
    keeper, sweep_id = resources.store().sweeps, subject.sweep.sweep_id
    samples, truth = keeper.truth(sweep_id)
    found = keeper.values(sweep_id, NAMES, members=[place[0]], conditions=[place[1]])
    return Rows(place, samples, truth, {name: array[0, 0] for name, array in found.items()})


def absent(subject: Subject, place: tuple[int, int]) -> str:
    """Why a representation has no rows, in words."""
    cell = sweep_numbers.cells(subject.sweep).get(place)
    called = robustness_words.representation(subject.sweep, place)
    if cell is not None and cell.state == "failed":
        return f"{called}: this cell of the sweep failed. {cell.message}"
    return f"{called}: this cell of the sweep is not computed yet."
