"""What a measure of geometry said of one place in one network, as the store keeps it and pages read it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from analysis.registry import Scalar

FEW = 10
"""Samples below which an interval over them says nothing."""
UNRESOLVED = 0.01
"""Of an interval's width: what is smaller cannot be told from 0."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number, and where it is from. NaN where it is not defined there; `why` says why.

    Its arrays (spectra, matrices, what is known of each class) are a file beside the store.
    """

    pass_id: str  # a model over a dataset under a condition
    tap: str
    place: int  # of the tap among those of its network, from the input on: 0, 1, ...
    measure: str  # with parameters that are not the usual: "mle(k=5)"
    params: Mapping[str, Scalar]  # all of them, defaults too
    version: int  # of the measure
    value: float
    samples: int  # that it was taken over
    low: float  # of a 95 % interval; NaN where there is none
    high: float
    interval: str  # how it was made
    why: str
    caveats: tuple[str, ...]
    seconds: float
    computed_at: datetime
    other_pass: str = ""  # of measures of two: the second one's, else empty
    other_tap: str = ""
    arrays: tuple[str, ...] = field(default=())  # names of those that are kept

    @property
    def usual(self) -> bool:
        """Whether its measure has its usual parameters; else its name says which it has."""
        return "(" not in self.measure

    @property
    def resolved(self) -> float:
        """The value; 0 where its interval is more than a hundred times as wide, and has 0 in it."""
        lost = self.low <= 0 <= self.high and abs(self.value) < UNRESOLVED * (self.high - self.low)
        return 0.0 if lost else self.value

    def apart(self, other: Measurement) -> bool:
        """Whether both have an interval over ten samples or more, and these do not touch."""
        if min(self.samples, other.samples) < FEW or not all(map(math.isfinite, (self.value, other.value))):
            return False
        return self.high < other.low or other.high < self.low  # no interval: NaN, and neither

    def to_json(self) -> dict[str, Any]:
        """JSON has no NaN: None."""
        plain = {n: None if isinstance(v, float) and v != v else v for n, v in asdict(self).items()}
        return plain | {"computed_at": self.computed_at.isoformat()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Measurement:
        given: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
        given |= {n: float("nan") for n in ("value", "low", "high") if values[n] is None}
        given["computed_at"] = datetime.fromisoformat(values["computed_at"])
        return cls(**given)
