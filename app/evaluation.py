"""The evaluation table as numbers: a row a variant, a column a corruption, one score and its samples in each cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.sweeps import CLEAN, Cell, SweepRecord
from app.robustness_words import EXTRA, GROUPS, SCORES, group

State = Literal["done", "part", "failed", "missing"]
FROM_ACCURACY = ("accuracy", "error", "gap")
WORSE = ("error", "ece", "nll", "brier")
"""Scores of which more is worse."""

SHARES = ("accuracy", "error", "gap", "ece", "agreement")
"""Scores that are said in per cent."""

USUAL = 3
"""The severity that stands for a corruption where the table shows the mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """The score that cells keep, over a selection instead."""

    values: np.ndarray  # (M, C) of all members and conditions
    samples: int  # that were selected


@dataclass(frozen=True, slots=True)
class Column:
    """A corruption at the table's severity, or at all of them."""

    corruption: str
    group: str
    conditions: tuple[int, ...]  # places in the sweep's
    shows: int  # the condition that a click on the cell means


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """R rows and K columns; nan where there is no number."""

    members: tuple[int, ...]  # rows, places in the sweep's
    columns: tuple[Column, ...]
    values: np.ndarray  # (R, K) float64
    low: np.ndarray  # (R, K) of the 95 % interval over samples; nan for a mean over severities
    high: np.ndarray
    samples: np.ndarray  # (R, K) int64, that each of the column's conditions was counted over
    states: tuple[tuple[State, ...], ...]
    messages: Mapping[tuple[int, int], str]  # why a cell failed, by row and column
    mean: np.ndarray  # (R,) over the corruptions of the benchmark
    mean_of: tuple[str, ...]  # which these are
    levels: np.ndarray  # (R, K, 5) the score at the severities 1-5


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """One number of each row over all corruptions, whichever score the cells show."""

    key: str
    label: str
    title: str
    values: np.ndarray  # (R,)
    low: np.ndarray
    high: np.ndarray
    points: bool = False  # a difference of accuracies, in points with a sign; else per cent
    worse: bool = True  # whether more is worse


def columns(sweep: SweepRecord, severity: int) -> tuple[Column, ...]:
    """Clean, then the corruptions by group; those without the severity are left out."""
    made = [Column(CLEAN, CLEAN, sweep.places(CLEAN), 0)]
    for name in ordered(sweep.corruptions):
        places = sweep.places(name, severity or None)
        if places:
            at = {sweep.conditions[p].severity: p for p in places}
            usual = at.get(USUAL, places[len(places) // 2])
            made.append(Column(name, "extra" if name in EXTRA else group(name), places, usual))
    return tuple(made)


def ordered(names: Sequence[str]) -> list[str]:
    """By group as in the papers, the four extra ones after the fifteen, others last."""
    known = [n for of in GROUPS.values() for n in of if n not in EXTRA] + list(EXTRA)
    return [n for n in known if n in names] + [n for n in names if n not in known]


def evaluated(
    sweep: SweepRecord,
    members: Sequence[int],
    severity: int,
    score: str,
    cells: Mapping[tuple[int, int], Cell],
    counted: Counted | None = None,
) -> Evaluation:
    """The table of one score. counted: over a selection; None: all samples."""
    values, low, high = every_cell(sweep, score, cells, counted)
    shown, rows = columns(sweep, severity), list(members)
    picked = [(values[rows][:, c.conditions], low[rows][:, c.conditions], high[rows][:, c.conditions]) for c in shown]
    many = np.array([len(c.conditions) > 1 for c in shown])
    table = np.stack([_mean(v) for v, _, _ in picked], axis=1)
    bounds = [np.stack([_mean(p[i]) for p in picked], axis=1) for i in (1, 2)]
    for bound in bounds:
        bound[:, many] = np.nan
    states, messages = _states(rows, shown, cells)
    names = [c.corruption for c in shown if c.corruption not in EXTRA and c.group in GROUPS]
    names = names or [c.corruption for c in shown if c.corruption != CLEAN]
    inside = [i for i, c in enumerate(shown) if c.corruption in names]
    return Evaluation(
        members=tuple(members),
        columns=shown,
        values=table,
        low=bounds[0],
        high=bounds[1],
        samples=_samples(rows, shown, cells, counted),
        states=states,
        messages=messages,
        mean=table[:, inside].mean(axis=1) if inside else np.full(len(rows), np.nan),
        mean_of=tuple(names),
        levels=_levels(sweep, values[rows], shown),
    )


def stored(score: str) -> str:
    """The score that cells keep, of which this one is made."""
    return "accuracy" if score in FROM_ACCURACY else score


def offered(cells: Mapping[tuple[int, int], Cell]) -> list[str]:
    """The scores that cells have, in the order of SCORES."""
    there = {name for cell in cells.values() for name in cell.scores} | set(FROM_ACCURACY)
    return [name for name in SCORES if name in there]


def every_cell(
    sweep: SweepRecord, score: str, cells: Mapping[tuple[int, int], Cell], counted: Counted | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(M, C) the score of all cells, and its interval."""
    values, low, high = (np.full((len(sweep.members), len(sweep.conditions)), np.nan) for _ in range(3))
    if counted is not None:
        values = counted.values.copy()
    else:
        for place, cell in cells.items():
            if cell.state == "done" and (found := cell.scores.get(stored(score))):
                values[place], low[place], high[place] = found.value, found.low, found.high
    if score == "error":
        return 1 - values, 1 - high, 1 - low
    if score == "gap":
        reference = sweep.member(sweep.reference) or 0
        nothing = np.full_like(values, np.nan)
        return values - values[reference], nothing, nothing
    return values, low, high


def _mean(values: np.ndarray) -> np.ndarray:
    """(R, n) -> (R,) over those that are there; nan where none is."""
    there = np.isfinite(values)
    count = there.sum(axis=1)
    return np.where(count > 0, np.where(there, values, 0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _states(
    rows: Sequence[int], shown: Sequence[Column], cells: Mapping[tuple[int, int], Cell]
) -> tuple[tuple[tuple[State, ...], ...], dict[tuple[int, int], str]]:
    states: list[tuple[State, ...]] = []
    messages: dict[tuple[int, int], str] = {}
    for i, member in enumerate(rows):
        line: list[State] = []
        for k, column in enumerate(shown):
            found = [cells[member, c] for c in column.conditions if (member, c) in cells]
            done = sum(cell.state == "done" for cell in found)
            if failed := [cell.message for cell in found if cell.state == "failed"]:
                messages[i, k] = failed[0]
            whole = done == len(column.conditions)
            line.append("done" if whole else "failed" if failed and not done else "part" if done else "missing")
        states.append(tuple(line))
    return tuple(states), messages


def _samples(
    rows: Sequence[int], shown: Sequence[Column], cells: Mapping[tuple[int, int], Cell], counted: Counted | None
) -> np.ndarray:
    if counted is not None:
        return np.full((len(rows), len(shown)), counted.samples)
    return np.array(
        [[max((cells[m, c].samples for c in k.conditions if (m, c) in cells), default=0) for k in shown] for m in rows]
    ).reshape(len(rows), len(shown))


def _levels(sweep: SweepRecord, values: np.ndarray, shown: Sequence[Column]) -> np.ndarray:
    made = np.full((len(values), len(shown), 5), np.nan)
    for k, column in enumerate(shown):
        for place in sweep.places(column.corruption):
            severity = sweep.conditions[place].severity
            if 1 <= severity <= 5:
                made[:, k, severity - 1] = values[:, place]
    return made
