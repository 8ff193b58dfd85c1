"""Sweeps: variants x conditions over one dataset, frozen: what pages, pipelines and the store exchange."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np

from analysis.registry import Scalar

CLEAN = "clean"
"""The corruption of images as they are; its severity is 0."""

GEOMETRY = ("angle", "length", "margin")
"""The three numbers of a sample (radians; in units of the features), NULL where the head is not one linear map."""

VALUES = ("confidence", "loss", *GEOMETRY, "brier", "max_logit", "energy")
"""The numbers of a row. brier: sum over classes of (probability - truth)^2. energy: -logsumexp of the logits."""

MemberKind = Literal["model", "deck"]
CellState = Literal["done", "failed"]


@dataclass(frozen=True, slots=True)
class Member:
    """One variant of a sweep, or a deck: several that answer together."""

    name: str  # in the catalogue; a deck's own
    model_id: str  # fingerprint; of a deck, the digest of its members and its gate
    kind: MemberKind = "model"
    parent: str = ""  # the name of the model that it was made from
    method: str = ""  # of pruning; empty for a model that is no variant
    sparsity: float | None = None
    linear_head: bool = True  # whether angle, length and margin are there
    of: tuple[str, ...] = ()  # a deck's members, by name
    gate: str = ""  # how a deck answers: "mean" or "spectral"


@dataclass(frozen=True, slots=True, order=True)
class SweepCondition:
    """What was done to the images of a cell."""

    corruption: str = CLEAN
    severity: int = 0
    params: tuple[tuple[str, Scalar], ...] = ()  # that differ from the defaults

    @property
    def name(self) -> str:
        """As in an address: "clean", "fog/3"."""
        return f"{self.corruption}/{self.severity}" if self.severity else self.corruption


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """A grid of cells (member, condition) over some samples of one dataset. The first condition is clean."""

    sweep_id: str  # digest of what was asked
    name: str  # one of its kind in a workspace
    dataset_id: str
    dataset_name: str
    class_names: tuple[str, ...]  # the classifiers', all alike
    members: tuple[Member, ...]
    conditions: tuple[SweepCondition, ...]
    samples: int  # images in every cell
    reference: str  # the member that others are compared with
    table: str  # which levels of severity: cifar, tiny, imagenet
    image_size: tuple[int, int]  # rows, columns of the images when they were corrupted
    seed: int = 0
    source: str = "computed"  # or "bundled": came with Cutaway, numbers only
    device: str = ""
    remarks: tuple[str, ...] = ()
    params: Mapping[str, Scalar] = field(default_factory=dict)  # batch, autocast, limit ...
    computed_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON; `from_json` reads it."""
        return asdict(self) | {"computed_at": self.computed_at.isoformat() if self.computed_at else None}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> SweepRecord:
        """From what `to_json` made. TypeError or KeyError for anything else."""
        values: dict[str, Any] = dict(given) | {
            name: tuple(given[name]) for name in ("class_names", "image_size", "remarks")
        }
        values["members"] = tuple(Member(**m | {"of": tuple(m["of"])}) for m in given["members"])
        values["conditions"] = tuple(
            SweepCondition(c["corruption"], c["severity"], tuple((n, v) for n, v in c["params"]))
            for c in given["conditions"]
        )
        if isinstance(given["computed_at"], str):
            values["computed_at"] = datetime.fromisoformat(given["computed_at"])
        return cls(**values)

    def member(self, name: str) -> int | None:
        """The place of a member; None where there is none of that name."""
        return next((i for i, m in enumerate(self.members) if m.name == name), None)

    def condition(self, name: str) -> int | None:
        """The place of a condition, by "clean" or "fog/3"."""
        return next((i for i, c in enumerate(self.conditions) if c.name == name), None)

    @property
    def corruptions(self) -> tuple[str, ...]:
        """Their names in the order of the sweep, without clean."""
        return tuple(dict.fromkeys(c.corruption for c in self.conditions if c.severity))

    def severities(self, corruption: str) -> tuple[int, ...]:
        return tuple(sorted(c.severity for c in self.conditions if c.corruption == corruption))

    def places(self, corruption: str, severity: int | None = None) -> tuple[int, ...]:
        """The conditions of a corruption, of one severity or (None) of all."""
        given = enumerate(self.conditions)
        return tuple(i for i, c in given if c.corruption == corruption and severity in (None, c.severity))


@dataclass(frozen=True, slots=True)
class Score:
    """A number with its 95 % bootstrap interval over samples; nan where none was made."""

    value: float
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True, slots=True)
class Cell:
    """One member under one condition: what it came to over all samples, or why it failed."""

    member: int  # places in the sweep's members and conditions
    condition: int
    state: CellState = "done"
    message: str = ""
    samples: int = 0
    scores: Mapping[str, Score] = field(default_factory=dict)  # names: `robustness.scores.NAMES`
    remarks: tuple[str, ...] = ()
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, scores to five digits; `from_json` reads it."""
        scores = {n: [_or_none(v) for v in (s.value, s.low, s.high)] for n, s in self.scores.items()}
        return asdict(self) | {"scores": scores}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Cell:
        """From what `to_json` made. TypeError or KeyError for anything else."""
        scores = {n: Score(*(float("nan") if v is None else v for v in s)) for n, s in given["scores"].items()}
        return cls(**{**given, "scores": scores, "remarks": tuple(given["remarks"])})


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """Sums over the samples of each cell: (M, C) each, in the order of the members and conditions asked for.

    nan (counts: 0) where a cell is not there; a number's mean is over the samples that have it.
    """

    samples: np.ndarray  # int64
    correct: np.ndarray  # int64
    means: Mapping[str, np.ndarray]  # of VALUES, float64
    variances: Mapping[str, np.ndarray]  # of GEOMETRY and confidence, ddof 0

    @property
    def accuracy(self) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.where(self.samples > 0, self.correct / np.maximum(self.samples, 1), np.nan)


def _or_none(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None
