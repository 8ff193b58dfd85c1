"""How alike variants and corruptions are in their geometry: what the map, the matrix and the tree draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.sweeps import CLEAN
from app import resources, sweep_numbers
from app.evaluation import USUAL
from app.robustness_choice import Subject

if TYPE_CHECKING:  # importing it costs seconds of torch
    from analysis.pipelines.sweep_likeness import By, Similarity
    from analysis.robustness.similarity import Dendrogram, Layout

CELLS, VARIANTS, CORRUPTIONS = "", "variants", "corruptions"
"""What points are, as the choice has it."""

_BY: dict[str, By] = {CELLS: "pair", VARIANTS: "member", CORRUPTIONS: "corruption"}


@dataclass(frozen=True, slots=True)
class Point:
    """A variant, a corruption, or a variant under a corruption."""

    member: int  # place in the sweep's, -1 where it is of all
    corruption: str  # "" where it is of all
    condition: int  # what a click on it means, as a place in the sweep's; -1: what was chosen stays


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """P points that have distances to each other."""

    points: tuple[Point, ...]
    found: Similarity
    layout: Layout
    edges: np.ndarray  # (P - 1, 2) of the minimum spanning tree
    tree: Dendrogram

    @property
    def apart(self) -> np.ndarray:
        """(P, P)"""
        return self.found.distances


def kind(subject: Subject) -> str:
    """CELLS, VARIANTS or CORRUPTIONS."""
    return subject.choice.points if subject.choice.points in _BY else CELLS


def likeness(subject: Subject) -> Likeness:
    """Of the members on show, at the chosen severity (0: the mean over all), over the selected samples."""
    what = ("similarity", kind(subject), subject.members, subject.choice.severity)
    return sweep_numbers.kept(subject.sweep, what, lambda: _made(subject), subject.selected)


def _made(subject: Subject) -> Likeness:
    from analysis.pipelines.sweep_likeness import similarity
    from analysis.robustness.similarity import dendrogram, mds, spanning_tree

    found = similarity(
        resources.store(), subject.sweep, subject.members, subject.choice.severity, subject.selected, _BY[kind(subject)]
    )
    points = [
        Point(member, corruption, _clicked(subject, corruption))
        for member, corruption in zip(found.members, found.corruptions, strict=True)
    ]
    apart = found.distances
    return Likeness(tuple(points), found, mds(apart), spanning_tree(apart), dendrogram(apart))


def _clicked(subject: Subject, corruption: str) -> int:
    """At the severity that is shown; the usual one stands for a mean."""
    if not corruption:
        return -1
    if corruption == CLEAN:
        return 0
    wanted = subject.choice.severity or USUAL
    places = subject.sweep.places(corruption)
    given = [p for p in places if subject.sweep.conditions[p].severity == wanted]
    return given[0] if given else places[len(places) // 2]
