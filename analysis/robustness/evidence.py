"""What the findings are drawn from, and the form they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.robustness.bootstrap import interval, replicated, score
from analysis.sweeps import Member, Score

Verdict = Literal["found", "not found here", "cannot be said"]

MULTI_PRIZE = ("biprop", "edge_popup")
"""Tickets that are found in random weights, without training these (Diffenderfer and Kailkhura 2021)."""

LOTTERY = ("lth", "lrr", *MULTI_PRIZE)
"""Lottery-style pruning, as CARD counts it (Diffenderfer et al. 2021)."""

_SAME = 0.025  # of sparsity


@dataclass(frozen=True, slots=True)
class Bar:
    """One number of a finding's small figure."""

    label: str
    score: Score
    marked: bool = False  # what the claim is about


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim, tested on one sweep."""

    name: str
    claim: str
    verdict: Verdict
    sentence: str  # with the numbers, n, the seed and the interval
    n: int  # images
    seeds: str
    interval: Score | None = None  # of the number that decides
    values: tuple[Bar, ...] = ()
    unit: str = ""  # of the values: "%", "radians" ...


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A sweep in the numbers that claims are about. Only networks (no decks) with all their cells."""

    members: tuple[Member, ...]
    classes: int
    corruptions: tuple[str, ...]
    samples: int
    seed: int
    clean: np.ndarray  # (M, 1 + R) accuracy
    corrupted: np.ndarray  # (M, K, 1 + R) accuracy, mean over severities
    wrong: np.ndarray  # (M, S) share of the corrupted conditions under which a sample is wrong
    right: np.ndarray  # (M, S) int8 whether it is right about the clean image, -1 unknown
    compared: int  # samples that the next two are of: of very many, evenly spaced ones
    vectors: np.ndarray  # (M, C, 3, S') standardised angle, length, margin; nan where a member has none
    angles: np.ndarray  # (M, C, S') radians

    @property
    def seeds(self) -> str:
        return (
            f"corruptions drawn with seed {self.seed}; each network was trained once, so what another training would "
            "give is in no interval"
        )

    @property
    def robust(self) -> np.ndarray:
        """(M, 1 + R) accuracy, mean over all corruptions."""
        return self.corrupted.mean(axis=1)

    @property
    def working(self) -> np.ndarray:
        """(M,) which networks are right on clean images at least twice as often as chance."""
        return works(self.clean[:, 0], self.classes)

    def closing(self, count: int | None = None) -> str:
        """How a sentence ends."""
        count = count or self.samples
        return f" (n = {count:,} images, intervals 95 % over images, corruption seed {self.seed}, one training each.)"

    def weighted(self, values: np.ndarray) -> np.ndarray:
        """Means over samples, and over each resample of them: (..., S) without nan -> (..., 1 + R)."""
        count = values.shape[-1]
        return replicated(lambda w: values.astype(np.float64) @ w / count, count, self.seed)

    def of(self, methods: Sequence[str]) -> list[int]:
        return [i for i, m in enumerate(self.members) if m.method in methods]

    def beside(self, places: Sequence[int], among: Sequence[int]) -> list[int]:
        """Those among the given whose sparsity is that of one of the places."""
        wanted = [s for i in places if (s := self.members[i].sparsity) is not None]
        return [i for i in among if any(same_sparsity(self.members[i].sparsity, s) for s in wanted)]

    def unsaid(self, name: str, claim: str, why: str) -> Finding:
        return Finding(name, claim, "cannot be said", f"Cannot be said: {why}", self.samples, self.seeds)

    def finding(
        self,
        name: str,
        claim: str,
        verdict: Verdict,
        sentence: str,
        decides: Score | None = None,
        values: Sequence[Bar] = (),
        unit: str = "",
        *,
        count: int | None = None,
    ) -> Finding:
        n = count or self.samples
        return Finding(name, claim, verdict, sentence + self.closing(n), n, self.seeds, decides, tuple(values), unit)


def works(clean: np.ndarray, classes: int) -> np.ndarray:
    """Which accuracies on clean images (M,) are at least twice that of chance, or three quarters."""
    return clean >= min(2 / max(classes, 1), 0.75)


def same_sparsity(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= _SAME


def pair_squares(vectors: np.ndarray, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Mean squared difference of two networks' numbers, sample by sample: (M, C, 3, S) -> (pairs, S) float64."""
    with np.errstate(invalid="ignore"):
        return np.stack([np.square(vectors[i] - vectors[j]).mean(axis=(0, 1), dtype=np.float64) for i, j in pairs])


def bars(labels: Sequence[str], replicates: np.ndarray, marked: Sequence[int] = (), factor: float = 1) -> list[Bar]:
    """(n, 1 + R) -> one bar each."""
    found = zip(*interval(factor * replicates), strict=True)
    return [Bar(n, Score(*map(float, s)), i in marked) for i, (n, s) in enumerate(zip(labels, found, strict=True))]


def percent(replicates: np.ndarray) -> Score:
    return score(100 * replicates)


def said(found: Score, digits: int = 1, unit: str = "") -> str:
    """`43.2 [41.0, 45.1] %`"""
    value, low, high = (f"{round(v, digits) + 0.0:.{digits}f}" for v in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]{' ' * bool(unit)}{unit}"
