"""What stands out in the geometry of one network: each fact in words, with its numbers and how strong it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from analysis.geometry.caveats import FEW
from analysis.measurements import Measurement
from analysis.pipelines.geometry_taps import PENULTIMATE, outline

if TYPE_CHECKING:
    from analysis.geometry.registry import Measure

Arrays = Callable[[str, str, str], Mapping[str, np.ndarray]]
"""(pass_id, tap, measure) -> its arrays, as `store.geometry.arrays`."""

EXTREMES = 2  # told at most
LEAST_JUMP, LEAST_TURN = 0.1, 0.2
NOTHING = 1e-3
"""Of the largest number in a sentence: what is smaller reads as 0."""
COLLAPSED, UNEVEN = 0.1, 1.5
_DEPTH = ("twonn", "participation_ratio", "anisotropy", "coding_rate")
"""Where one of these does not turn, another form of the same thing may."""
_RISES, _FALLS = "rises, then falls: it is largest", "falls, then rises: it is smallest"
_SEPARATES = ("knn_purity", "probe_linear", "nearest_mean_accuracy")
_COLLAPSE, _OTHER_CLASS = OF_A_LAYER = ("collapse", "another class")
"""Facts that the numbers of one layer tell."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stands out; of strength 0 where nothing does."""

    text: str
    measure: str = ""
    tap: str = ""
    values: Mapping[str, float] = field(default_factory=dict)  # by what each is of
    strength: float = 0.0  # 0 to 1, to put them in order
    network: str = ""  # that it is said of
    fact: tuple[object, ...] = ()  # what it says but for the network and the numbers
    numbers: str = ""  # the numbers alone, for a network of which the same is said


def facts_of(name: str, numbers: Sequence[Measurement]) -> Iterator[Finding]:
    """All but those of single classes. numbers: by place."""
    kept = set(outline(list(dict.fromkeys(n.tap for n in numbers))))
    one_by_one = [n for n in numbers if n.tap in kept]
    yield from _extremes(name, one_by_one)
    yield from _jump(name, one_by_one)
    yield from _collapse(name, numbers)


def _extremes(name: str, numbers: Sequence[Measurement]) -> list[Finding]:
    """Where over depth a measure turns: larger, or smaller, than at both ends. One form of each thing."""
    measured = list(dict.fromkeys(n.measure for n in numbers))
    told: list[Finding] = []
    for usual in _DEPTH:
        thing = measure_of(usual).thing
        forms = [usual, *(other for other in measured if other != usual and measure_of(other).thing == thing)]
        told += islice(filter(None, (_turn(name, _curve(numbers, form)) for form in forms)), 1)
    return sorted(told, key=lambda f: -f.strength)[:EXTREMES]


def _turn(name: str, curve: Sequence[Measurement]) -> Finding | None:
    if len(curve) < 4:
        return None
    values = [n.value for n in curve]
    low, high = sorted((values[0], values[-1]))
    top, bottom = int(np.argmax(values)), int(np.argmin(values))
    rise = (values[top] - high) / max(abs(values[top]), 1e-12)
    dip = (low - values[bottom]) / max(abs(high), 1e-12)
    at, word, share = (top, _RISES, rise) if rise >= dip else (bottom, _FALLS, dip)
    if share < LEAST_TURN:
        return None
    first, one, last = curve[0], curve[at], curve[-1]
    measure, most = measure_of(one.measure), max(map(abs, values))
    text = (
        f"{measure.label} of {name} {word} at {layer(one.tap)}: {in_words(one, measure, most)}; "
        f"{_short(first.value, most)} at {layer(first.tap)}, {_short(last.value, most)} at {layer(last.tap)}."
    )
    told = {n.tap: n.value for n in (first, one, last)}
    numbers = f"{_short(one.value, most)} at {layer(one.tap)}"
    return Finding(text, one.measure, one.tap, told, min(share, 1.0) / 2, name, ("turn", one.measure, word), numbers)


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
        measure, (one, two) = measure_of(measure_name), curve[at : at + 2]
        word = "come apart" if steps[at] > 0 else "fall together"
        text = (
            f"The classes of {name} {word} most between {layer(one.tap)} and {layer(two.tap)}: {measure.label} goes "
            f"from {in_words(one, measure)} to {in_words(two, measure)}."
        )
        yield Finding(
            text, measure_name, two.tap, {one.tap: one.value, two.tap: two.value}, float(min(abs(steps[at]), 1.0)),
            name, ("jump", measure_name, word, one.tap, two.tap), f"{_short(one.value)} to {_short(two.value)}",
        )  # fmt: skip
        return  # one of them tells it


def _collapse(name: str, numbers: Sequence[Measurement]) -> Iterator[Finding]:
    """Samples of a class nearly one point at the last tap, or a head that answers otherwise than class means."""
    curve = _curve(numbers, "nc1_trace")  # a share: other forms have no scale that says how near it is
    if curve and curve[-1].value < COLLAPSED and not _of_few(curve[-1]):
        n, measure = curve[-1], measure_of(curve[-1].measure)
        text = (
            f"The classes of {name} are nearly collapsed at {layer(n.tap)}: {measure.label} is {in_words(n, measure)}."
        )
        fact = (_COLLAPSE, n.measure, n.tap)
        yield Finding(text, n.measure, n.tap, {name: n.value}, 1 - n.value, name, fact, in_words(n, measure))
    last = [n for n in numbers if n.measure == "nc4" and n.tap == PENULTIMATE]
    if last and last[0].value > COLLAPSED and not _of_few(last[0]):
        n = last[0]
        text = (
            f"{_percent(n.value)} of samples get another class from {name}'s head than the nearest class mean would "
            f"give them (n = {n.samples:,})."
        )
        fact = (_OTHER_CLASS, n.tap)
        yield Finding(text, n.measure, n.tap, {name: n.value}, min(n.value, 1.0), name, fact, _percent(n.value))


def overlap(name: str, numbers: Sequence[Measurement], arrays: Arrays, class_names: Sequence[str]) -> Iterator[Finding]:
    """The two classes whose means point most alike at the last tap."""
    curve = _curve(numbers, "class_mean_angles")
    if not curve or _of_few(curve[-1]):
        return
    n, measure = curve[-1], measure_of("class_mean_angles")
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
        f"{class_names[a]} and {class_names[b]} lie nearest of all classes of {name} at {layer(n.tap)}: "
        f"{in_words(n, measure)} between their means, where {usual:.0f} degrees would be as far as all can be."
    )
    strength = max(0.0, min(1 - n.value / usual, 1.0)) / 2
    fact = ("nearest", *sorted((class_names[a], class_names[b])), n.tap)
    yield Finding(text, n.measure, n.tap, {name: n.value}, strength, name, fact, f"{_short(n.value)} {measure.unit}")


def imbalance(
    name: str, numbers: Sequence[Measurement], arrays: Arrays, class_names: Sequence[str]
) -> Iterator[Finding]:
    """Classes of very different numbers of samples, and what their means do."""
    curve = [n for n in _curve(numbers, "class_mean_norms") if not _of_few(n)]
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
        f"The samples are uneven: {counts[most]:,} of {first}, {counts[least]:,} of {second}. At {layer(n.tap)} of "
        f"{name} their means are {_short(norms[most])} and {_short(norms[least])} from the centre."
    )
    strength = float(1 - counts[least] / counts[most]) / 2
    yield Finding(text, n.measure, n.tap, {first: float(norms[most]), second: float(norms[least])}, strength)


def _of_few(number: Measurement) -> bool:
    """Whether most classes have hardly any samples: what their means say is then mostly said by single samples."""
    return any(FEW in said for said in number.caveats)


def _curve(numbers: Sequence[Measurement], name: str) -> list[Measurement]:
    """Up to the head's input, where that is measured: what comes behind it are answers, not features."""
    end = next((n.place for n in numbers if n.tap == PENULTIMATE), math.inf)
    return [n for n in numbers if n.measure == name and n.place <= end]


def measure_of(name: str) -> Measure:
    from analysis.geometry import MEASURES

    return MEASURES[name]


def layer(tap: str) -> str:
    return "the head's input" if tap == PENULTIMATE else tap


def in_words(number: Measurement, measure: Measure, most: float = 0.0) -> str:
    """14.2 degrees (13.9 to 14.6, n = 10,000). most: the largest number in the sentence."""
    unit = f" {measure.unit}" if measure.unit else ""
    within = f"{_short(number.low)} to {_short(number.high)}, " if math.isfinite(number.low) else ""
    of = f"n = {number.samples:,}" if number.samples else "of the head alone"
    return f"{_short(number.resolved, most)}{unit} ({within}{of})"


def _short(value: float, most: float = 0.0) -> str:
    if abs(value) < NOTHING * most:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.095 else f"{100 * share:.1f} %"
