"""What stands out in the geometry of one network or of several, in words with the numbers.

A difference between networks is told only where the 95 % intervals of both are known and do not touch, and not of
lengths, which each network has in units of its own. Intervals are over samples of one dataset: of other training runs
they say nothing. Of measures that are forms of one thing (see
`Measure.thing`) one is told, and what holds of several networks is told once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis.measurements import Measurement
from analysis.pipelines.geometry_facts import (
    OF_A_LAYER,
    Arrays,
    Finding,
    facts_of,
    imbalance,
    in_words,
    layer,
    measure_of,
    overlap,
)

if TYPE_CHECKING:
    from analysis.geometry.registry import Measure

__all__ = ["CHANGES", "Finding", "Network", "stands_out"]

Network = tuple[str, Sequence[Measurement]]

CHANGES = 4  # told at most
LEAST_CHANGE, LEAST_SHARE = 0.1, 0.02


def stands_out(
    networks: Sequence[Network], *, arrays: Arrays | None = None, class_names: Mapping[str, Sequence[str]] | None = None
) -> list[Finding]:
    """The strongest first; one of strength 0 that says so where nothing stands out.

    networks: name and numbers of each, the first is the one that others are compared with. arrays and class_names (of
    each network by its name; see `geometry_classes`): for what is said of single classes; without, it is left out.
    """
    there = [(name, _single(numbers)) for name, numbers in networks]
    of_one = [fact for name, numbers in there for fact in facts_of(name, numbers)]
    uneven: list[Finding] = []
    if arrays is not None and class_names:
        named = [(name, numbers, arrays, class_names.get(name, ())) for name, numbers in there]
        of_one += [fact for given in named for fact in overlap(*given)]
        uneven = [fact for given in named for fact in imbalance(*given)]
    found = [*_changes(there, of_one), *_once(of_one), *uneven[:1]]  # the samples are the same for all
    if found:
        return sorted(found, key=lambda f: -f.strength)
    if not any(numbers for _, numbers in there):
        return [Finding("Nothing has been measured yet.")]
    known = "no measure differs between them beyond its interval, and " if len(there) > 1 else ""
    return [Finding(f"Nothing stands out: {known}over depth everything changes little by little.")]


def _single(numbers: Sequence[Measurement]) -> list[Measurement]:
    own = [n for n in numbers if n.usual and not n.other_pass and math.isfinite(n.value)]
    return sorted(own, key=lambda n: n.place)


def _once(found: Iterable[Finding]) -> list[Finding]:
    """What is said of several networks as one sentence of the strongest, with the others' numbers behind it."""
    same: dict[tuple[object, ...], list[Finding]] = {}
    for one in sorted(found, key=lambda f: -f.strength):
        same.setdefault(one.fact, []).append(one)
    told = []
    for first, *others in same.values():
        likewise = "; ".join(f"{one.network}: {one.numbers}" for one in others)
        told.append(replace(first, text=f"{first.text} Likewise {likewise}.") if others else first)
    return told


@dataclass(frozen=True, slots=True)
class _Change:
    """A number of a network beside the same number of the first one."""

    network: str
    before: Measurement
    after: Measurement

    @property
    def largest(self) -> float:
        return max(abs(self.before.value), abs(self.after.value))

    @property
    def apart(self) -> float:
        return abs(self.after.value - self.before.value)

    @property
    def size(self) -> float:
        """0: none, 1: all of it, 2: as much in the other direction."""
        return self.apart / self.largest

    @property
    def counts(self) -> bool:
        """Beyond both intervals, and not little: of shares, little is meant of the whole."""
        if not self.before.apart(self.after) or self.size < LEAST_CHANGE:
            return False
        return self.largest > 1 or self.apart >= LEAST_SHARE


def _changes(networks: Sequence[Network], told: Iterable[Finding]) -> list[Finding]:
    """The largest differences from the first network, one a thing, two a group at most.

    told: what is said of single networks already; of a layer, a difference would only say it again.
    """
    if len(networks) < 2:
        return []
    said = {(f.network, measure_of(f.measure).thing) for f in told if f.fact[0] in OF_A_LAYER}
    base, *others = networks
    things: set[str] = set()
    groups: dict[str, int] = {}
    found: list[Finding] = []
    for change in _by_size(base[1], others):
        measure = measure_of(change.after.measure)
        if measure.thing in things or (change.network, measure.thing) in said or groups.get(measure.group, 0) == 2:
            continue
        things.add(measure.thing)
        groups[measure.group] = groups.get(measure.group, 0) + 1
        found.append(_told(change, measure, base[0]))
    return found[:CHANGES]


def _by_size(base: Sequence[Measurement], others: Sequence[Network]) -> list[_Change]:
    """Those that count, the largest first; of equal ones first the measure that the registry has first."""
    before = {(n.measure, n.tap): n for n in base}
    order = {name: place for place, name in enumerate(_registered())}
    both = [(name, before.get((n.measure, n.tap)), n) for name, numbers in others for n in numbers]
    found = [_Change(name, one, n) for name, one, n in both if one is not None and measure_of(n.measure).comparable]
    return sorted(
        (change for change in found if change.counts),
        key=lambda c: (-round(c.size, 2), order[c.after.measure], -c.size),
    )


def _told(change: _Change, measure: Measure, base: str) -> Finding:
    one, n = change.before, change.after
    text = (
        f"{measure.label} at {layer(n.tap)} is {in_words(n, measure, change.largest)} in {change.network}, and "
        f"{in_words(one, measure, change.largest)} in {base}: the intervals do not touch."
    )
    values = {base: one.value, change.network: n.value}
    return Finding(text, n.measure, n.tap, values, min(change.size, 1.0), change.network)


def _registered() -> list[str]:
    """Names of all measures, in order."""
    from analysis.geometry import MEASURES

    return [measure.name for measure in MEASURES]
