"""What stands out in the geometry of one network or of several, in words with the numbers.

A difference between networks is told only where the 95 % intervals of both are known and do not touch. Intervals are
over samples of one dataset: of other training runs they say nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from analysis.measurements import Measurement
from analysis.pipelines.geometry_asking import PENULTIMATE

if TYPE_CHECKING:
    from analysis.geometry.registry import Measure

Network = tuple[str, Sequence[Measurement]]
Arrays = Callable[[str, str, str], Mapping[str, np.ndarray]]
"""(pass_id, tap, measure) -> its arrays, as `store.geometry.arrays`."""

CHANGES, EXTREMES = 4, 2  # told at most
LEAST_CHANGE, LEAST_JUMP, LEAST_TURN = 0.1, 0.1, 0.2
LEAST_SHARE = 0.02
COLLAPSED, UNEVEN = 0.1, 1.5
_DEPTH = (("twonn", "mle"), ("effective_rank", "participation_ratio"), ("anisotropy",), ("coding_rate",))
"""Of those that say much the same, the first that turns is told."""
_SEPARATES = ("knn_purity", "probe_linear", "nearest_mean_accuracy")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stands out; of strength 0 where nothing does."""

    text: str
    measure: str = ""
    tap: str = ""
    values: Mapping[str, float] = field(default_factory=dict)  # by what each is of
    strength: float = 0.0  # 0 to 1, to put them in order


def stands_out(
    networks: Sequence[Network], *, arrays: Arrays | None = None, class_names: Sequence[str] = ()
) -> list[Finding]:
    """The strongest first; one of strength 0 that says so where nothing stands out.

    networks: name and numbers of each, the first is the one that others are compared with. arrays and class_names:
    for what is said of single classes; without, it is left out.
    """
    there = [(name, _single(numbers)) for name, numbers in networks]
    found = [*_changes(there)]
    for name, numbers in there:
        found += [*_extremes(name, numbers), *_jump(name, numbers), *_collapse(name, numbers)]
        if arrays is not None and class_names:
            found += [*_overlap(name, numbers, arrays, class_names), *_imbalance(name, numbers, arrays, class_names)]
    if found:
        return sorted(found, key=lambda f: -f.strength)
    if not any(numbers for _, numbers in there):
        return [Finding("Nothing has been measured yet.")]
    known = "no measure differs between them beyond its interval, and " if len(there) > 1 else ""
    return [Finding(f"Nothing stands out: {known}over depth everything changes little by little.")]


def _single(numbers: Sequence[Measurement]) -> list[Measurement]:
    own = [n for n in numbers if not n.other_pass and math.isfinite(n.value)]
    return sorted(own, key=lambda n: n.place)


def _changes(networks: Sequence[Network]) -> list[Finding]:
    """The largest differences from the first network beyond both intervals, one a measure, two a group at most."""
    if len(networks) < 2:
        return []
    base_name, base = networks[0]
    before = {(n.measure, n.tap): n for n in base}
    best: dict[str, tuple[float, str, Measurement, Measurement]] = {}
    for name, numbers in networks[1:]:
        for n in numbers:
            one = before.get((n.measure, n.tap))
            if one is None or not _apart(one, n):
                continue
            apart = abs(n.value - one.value)
            size = apart / max(abs(n.value), abs(one.value))
            if apart < LEAST_SHARE and max(abs(n.value), abs(one.value)) <= 1:  # of shares, too little to matter
                continue
            if size >= LEAST_CHANGE and size > best.get(n.measure, (0.0,))[0]:
                best[n.measure] = (size, name, one, n)
    told: list[Finding] = []
    groups: dict[str, int] = {}
    for size, name, one, n in sorted(best.values(), key=lambda b: -b[0]):
        measure = _measure(n.measure)
        groups[measure.group] = groups.get(measure.group, 0) + 1
        if groups[measure.group] > 2 or len(told) == CHANGES:
            continue
        text = (
            f"{measure.label} at {_at(n.tap)} is {_value(n, measure)} in {name}, and {_value(one, measure)} in "
            f"{base_name}: the intervals do not touch."
        )
        told.append(Finding(text, n.measure, n.tap, {base_name: one.value, name: n.value}, min(size, 1.0)))
    return told


def _extremes(name: str, numbers: Sequence[Measurement]) -> list[Finding]:
    """Where over depth a measure turns: larger, or smaller, in the middle than at both ends."""
    told = [
        found
        for alike in _DEPTH
        for found in [next(filter(None, (_turn(name, _curve(numbers, measure)) for measure in alike)), None)]
        if found is not None
    ]
    return sorted(told, key=lambda f: -f.strength)[:EXTREMES]


def _turn(name: str, curve: Sequence[Measurement]) -> Finding | None:
    if len(curve) < 4:
        return None
    values = [n.value for n in curve]
    low, high = sorted((values[0], values[-1]))
    top, bottom = int(np.argmax(values)), int(np.argmin(values))
    rise = (values[top] - high) / max(abs(values[top]), 1e-12)
    dip = (low - values[bottom]) / max(abs(high), 1e-12)
    at, word, share = (top, "largest", rise) if rise >= dip else (bottom, "smallest", dip)
    if share < LEAST_TURN:
        return None
    first, one, last = curve[0], curve[at], curve[-1]
    measure = _measure(one.measure)
    text = (
        f"{measure.label} of {name} is {word} in the middle, at {_at(one.tap)}: {_value(one, measure)}; "
        f"{_short(first.value)} at {_at(first.tap)}, {_short(last.value)} at {_at(last.tap)}."
    )
    told = {n.tap: n.value for n in (first, one, last)}
    return Finding(text, one.measure, one.tap, told, min(share, 1.0) / 2)


def _jump(name: str, numbers: Sequence[Measurement]) -> Iterator[Finding]:
    """Between which two taps in a row classes come apart most."""
    for measure_name in _SEPARATES:
        curve = _curve(numbers, measure_name)
        if len(curve) < 3:
            continue
        steps = np.diff([n.value for n in curve])
        at = int(np.abs(steps).argmax())
        if abs(steps[at]) < LEAST_JUMP:
            continue
        measure, (one, two) = _measure(measure_name), curve[at : at + 2]
        word = "come apart" if steps[at] > 0 else "fall together"
        text = (
            f"The classes of {name} {word} most between {_at(one.tap)} and {_at(two.tap)}: {measure.label} goes from "
            f"{_value(one, measure)} to {_value(two, measure)}."
        )
        yield Finding(
            text, measure_name, two.tap, {one.tap: one.value, two.tap: two.value}, float(min(abs(steps[at]), 1.0))
        )
        return  # one of them tells it


def _collapse(name: str, numbers: Sequence[Measurement]) -> Iterator[Finding]:
    """Samples of a class nearly one point at the last tap, or a head that answers otherwise than class means."""
    curve = _curve(numbers, "nc1_trace") or _curve(numbers, "nc1")
    if curve and curve[-1].value < COLLAPSED:
        n, measure = curve[-1], _measure(curve[-1].measure)
        text = f"The classes of {name} are nearly collapsed at {_at(n.tap)}: {measure.label} is {_value(n, measure)}."
        yield Finding(text, n.measure, n.tap, {name: n.value}, 1 - n.value)
    last = [n for n in numbers if n.measure == "nc4" and n.tap == PENULTIMATE]
    if last and last[0].value > COLLAPSED:
        n, measure = last[0], _measure("nc4")
        text = (
            f"{_percent(n.value)} of samples get another class from {name}'s head than the nearest class mean would "
            f"give them (n = {n.samples:,})."
        )
        yield Finding(text, n.measure, n.tap, {name: n.value}, min(n.value, 1.0))


def _overlap(
    name: str, numbers: Sequence[Measurement], arrays: Arrays, class_names: Sequence[str]
) -> Iterator[Finding]:
    """The two classes whose means point most alike at the last tap."""
    curve = _curve(numbers, "class_mean_angles")
    if not curve:
        return
    n, measure = curve[-1], _measure("class_mean_angles")
    kept = arrays(n.pass_id, n.tap, n.measure)
    if not {"cosines", "classes"} <= set(kept) or len(kept["classes"]) < 3:
        return
    cosines = np.array(kept["cosines"], np.float64)
    np.fill_diagonal(cosines, -np.inf)
    if not np.isfinite(cosines.max()):
        return
    a, b = (int(kept["classes"][i]) for i in np.unravel_index(np.nanargmax(cosines), cosines.shape))
    if max(a, b) >= len(class_names):
        return
    usual = math.degrees(math.acos(-1 / (len(kept["classes"]) - 1)))
    text = (
        f"{class_names[a]} and {class_names[b]} lie nearest of all classes of {name} at {_at(n.tap)}: "
        f"{_value(n, measure)} between their means, where {usual:.0f} degrees would be as far as all can be."
    )
    yield Finding(text, n.measure, n.tap, {name: n.value}, max(0.0, min(1 - n.value / usual, 1.0)) / 2)


def _imbalance(
    name: str, numbers: Sequence[Measurement], arrays: Arrays, class_names: Sequence[str]
) -> Iterator[Finding]:
    """Classes of very different numbers of samples, and what their means do."""
    curve = _curve(numbers, "class_mean_norms")
    kept = arrays(curve[-1].pass_id, curve[-1].tap, curve[-1].measure) if curve else {}
    if not {"counts", "classes", "norms"} <= set(kept) or len(kept["counts"]) < 2:
        return
    counts, norms, n = np.asarray(kept["counts"]), np.asarray(kept["norms"], np.float64), curve[-1]
    most, least = int(counts.argmax()), int(counts.argmin())
    largest = max(int(kept["classes"][most]), int(kept["classes"][least]))
    if counts[most] < UNEVEN * counts[least] or largest >= len(class_names):
        return
    first, second = (class_names[int(kept["classes"][i])] for i in (most, least))
    text = (
        f"The samples are uneven: {counts[most]:,} of {first}, {counts[least]:,} of {second}. At {_at(n.tap)} of "
        f"{name} their means are {_short(norms[most])} and {_short(norms[least])} from the centre."
    )
    strength = float(1 - counts[least] / counts[most]) / 2
    yield Finding(text, n.measure, n.tap, {first: float(norms[most]), second: float(norms[least])}, strength)


def _apart(one: Measurement, two: Measurement) -> bool:
    known = all(map(math.isfinite, (one.low, one.high, two.low, two.high, one.value, two.value)))
    return known and (one.high < two.low or two.high < one.low)


def _curve(numbers: Sequence[Measurement], name: str) -> list[Measurement]:
    return [n for n in numbers if n.measure == name]


def _measure(name: str) -> Measure:
    from analysis.geometry import MEASURES

    return MEASURES[name]


def _at(tap: str) -> str:
    return "the head's input" if tap == PENULTIMATE else tap


def _value(number: Measurement, measure: Measure) -> str:
    """14.2 degrees (13.9 to 14.6, n = 10,000)."""
    unit = f" {measure.unit}" if measure.unit else ""
    within = f"{_short(number.low)} to {_short(number.high)}, " if math.isfinite(number.low) else ""
    of = f"n = {number.samples:,}" if number.samples else "of the head alone"
    return f"{_short(number.value)}{unit} ({within}{of})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.095 else f"{100 * share:.1f} %"
