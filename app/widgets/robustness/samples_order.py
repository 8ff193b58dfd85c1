"""How the gallery of samples is ordered and which of them it lists: one text of the address.

order=margin.fragile.3.b.seen: by a's margin, those that are wrong in 3 members or more, under b's condition, drawn as
the networks saw them. What is left out at the end is as by default.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Literal, cast, get_args

import numpy as np

Sort = Literal["fragility", "margin", "change", "sample"]
Which = Literal["all", "robust", "fragile", "everywhere"]
Under = Literal["auto", "a", "b"]
Drawn = Literal["seen", "clean"]


@dataclass(frozen=True, slots=True)
class Order:
    """The first of each is the default."""

    sort: Sort = "fragility"
    which: Which = "all"
    least: int = 1  # members that must be wrong to be fragile
    under: Under = "auto"  # whose condition the verdicts are of
    drawn: Drawn = "seen"  # pictures as under that condition, or as they are

    def written(self) -> str:
        """Empty for the default."""
        parts, usual = [str(v) for v in astuple(self)], [str(v) for v in astuple(Order())]
        while parts and parts[-1] == usual[len(parts) - 1]:
            parts.pop()
        return ".".join(parts)

    @classmethod
    def read(cls, text: str) -> Order:
        """What an address says; what it cannot mean falls back to the default."""
        parts = [*text.split("."), "", "", "", "", ""][:5]
        least = int(parts[2]) if parts[2].isdecimal() and 0 < int(parts[2]) < 1000 else 1
        sort, which, under, drawn = (
            text if text in get_args(kind) else get_args(kind)[0]
            for text, kind in zip((parts[0], parts[1], parts[3], parts[4]), (Sort, Which, Under, Drawn), strict=True)
        )
        return cls(cast("Sort", sort), cast("Which", which), least, cast("Under", under), cast("Drawn", drawn))


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """What the members on show say of each sample under one condition: (S,) each."""

    samples: np.ndarray  # int32 ascending
    wrong: np.ndarray  # int64, members that are wrong
    judged: np.ndarray  # int64, members that are right or wrong: not where a cell is missing or the truth unknown

    def listed(self, which: Which, least: int = 1) -> np.ndarray:
        """Which samples a list holds, (S,) bool. A sample that nobody judges is on none but "all"."""
        if which == "robust":
            return (self.judged > 0) & (self.wrong == 0)
        if which == "everywhere":
            return (self.judged > 0) & (self.wrong == self.judged)
        if which == "fragile":
            return self.wrong >= max(least, 1)
        return np.ones(len(self.samples), dtype=bool)

    @classmethod
    def of(cls, samples: np.ndarray, correct: np.ndarray) -> Verdicts:
        """correct (M, S) int8: 1 right, 0 wrong, -1 unknown."""
        return cls(samples, (correct == 0).sum(axis=0), (correct >= 0).sum(axis=0))


def ordered(verdicts: Verdicts, sort: Sort, margins: np.ndarray | None, others: np.ndarray | None) -> np.ndarray:
    """Places (S,) in the order asked for: most members wrong first, least margin of a first, largest fall of the
    margin from a to b first; what has no number comes last, and equals by sample.
    """
    count = len(verdicts.samples)
    if sort == "fragility":
        key = -verdicts.wrong.astype(np.float64)
    elif sort == "margin" and margins is not None:
        key = margins.astype(np.float64)
    elif sort == "change" and margins is not None and others is not None:
        key = others.astype(np.float64) - margins
    else:
        key = np.zeros(count)
    return np.lexsort((verdicts.samples, np.where(np.isnan(key), np.inf, key)))
