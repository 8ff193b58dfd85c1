"""What a sweep is, down to its cells: decided once, written beside its results, read by every worker.

    <workspace>/sweeps/<sweep_id>.json     the plan: what was asked, the record, samples, truth, facts of the members
    <workspace>/cells/<2 letters>/<cell_id>.parquet

A cell's id says what is in it: member, dataset, samples of the block, condition with its seed and its method's
version, autocast. So any later sweep that asks for the same cell finds it there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.errors import DataError
from analysis.passes.files import write_whole
from analysis.store.keys import digest
from analysis.sweeps import Member, SweepCondition, SweepRecord

if TYPE_CHECKING:  # importing it costs a second of torch
    from models.preprocessing import Preprocessing

VERSION = 1
"""Of cells: goes up where what is in them changes."""

BLOCK = 4096
"""Samples of a cell's file: what a kill can cost."""

CHUNK = 512
"""Samples that are prepared at a time, at fixed places of a block; batches begin and end within."""

SWEEPS, CELLS, DATASETS, MODELS = "sweeps", "cells", "datasets", "models"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a member once it was opened."""

    preprocessing: Mapping[str, Any] | None = None  # as JSON; None for decks, and for what could not be opened
    refused: str = ""  # why it could not be opened


@dataclass(frozen=True, eq=False)
class Plan:
    """A sweep, ready to be worked off."""

    arguments: Mapping[str, Any]  # as `sweep_asking.asked` made them
    record: SweepRecord
    samples: np.ndarray  # (N,) int64 places in the dataset, ascending
    truth: np.ndarray  # (N,) int64 the classifiers' class, -1 where unknown
    facts: tuple[Facts, ...]  # of each member
    models: tuple[Mapping[str, Any], ...] = ()  # ModelRecord as JSON

    @property
    def blocks(self) -> range:
        return range(-(-len(self.samples) // BLOCK))

    def span(self, block: int) -> slice:
        """Of `samples` and `truth`."""
        return slice(block * BLOCK, min(len(self.samples), (block + 1) * BLOCK))

    def chunks(self, block: int) -> list[slice]:
        """Of `samples` and `truth`."""
        span = self.span(block)
        return [slice(s, min(s + CHUNK, span.stop)) for s in range(span.start, span.stop, CHUNK)]

    @property
    def tasks(self) -> list[dict[str, int]]:
        """Every unit: images prepared once and shown to all members. Conditions outermost, clean first."""
        return [{"condition": c, "block": b} for c in range(len(self.record.conditions)) for b in self.blocks]

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(self.arguments.get("features") or ())

    @property
    def crops(self) -> list[Preprocessing]:
        """The ways in which members crop, each once, as `passes.stream.crop_of` tells them apart."""
        from analysis.passes.stream import crop_of
        from models.preprocessing import Preprocessing

        found = (Preprocessing.from_json(dict(f.preprocessing)) for f in self.facts if f.preprocessing)
        return list(dict.fromkeys(map(crop_of, found)))

    def members_of(self, deck: Member) -> list[int]:
        return [place for name in deck.of if (place := self.record.member(name)) is not None]

    def deck(self, member: int) -> Mapping[str, Any]:
        """What was asked of a deck: members, gate, trained_on."""
        name = self.record.members[member].name
        return next(d for d in self.arguments["decks"] if d["name"] == name)

    def asked_condition(self, condition: int) -> Mapping[str, Any]:
        """name, severity, params, version, chance (whether the seed matters), kind."""
        return self.arguments["conditions"][condition]

    def cell_id(self, member: int, condition: int, block: int) -> str:
        asked = self.asked_condition(condition)
        what = {n: asked[n] for n in ("name", "severity", "params", "version")}
        who = self.record.members[member]
        spectra = self._of_samples if who.gate == "spectral" else ""  # a deck compares with spectra of these
        return digest(
            family="cell",
            version=VERSION,
            member=who.model_id,
            dataset=self.record.dataset_id,
            class_map=self.arguments["class_map"],
            samples=self._of_block[block],
            condition=what,
            seed=self.record.seed if asked["chance"] or spectra else None,
            stored=self.arguments.get("stored") if asked["severity"] else None,
            autocast=bool(self.arguments.get("autocast")),
            spectra=spectra,
        )

    @cached_property
    def _of_block(self) -> list[str]:
        return [samples_digest(self.samples[self.span(b)]) for b in self.blocks]

    @cached_property
    def _of_samples(self) -> str:
        return samples_digest(self.samples)

    def to_json(self) -> dict[str, Any]:
        return {
            "arguments": dict(self.arguments),
            "record": record_to_json(self.record),
            "samples": self.samples.tolist(),
            "truth": self.truth.tolist(),
            "facts": [asdict(f) for f in self.facts],
            "models": [dict(m) for m in self.models],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Plan:
        facts = tuple(Facts(**f) for f in values["facts"])
        samples, truth = (np.array(values[n], dtype=np.int64) for n in ("samples", "truth"))
        record = record_from_json(values["record"])
        return cls(values["arguments"], record, samples, truth, facts, tuple(values["models"]))


def plan_path(workspace: Path, sweep_id: str) -> Path:
    return workspace / SWEEPS / f"{sweep_id}.json"


def save_plan(workspace: Path, plan: Plan) -> None:
    path = plan_path(workspace, plan.record.sweep_id)
    path.parent.mkdir(parents=True, exist_ok=True)

    def write(temporary: Path) -> None:
        temporary.write_text(json.dumps(plan.to_json(), allow_nan=False), encoding="utf-8")

    write_whole(path, write)


def load_plan(workspace: Path, sweep_id: str) -> Plan | None:
    """The plan that was written; None where there is none yet. DataError where it cannot be read."""
    path = plan_path(workspace, sweep_id)
    try:
        return Plan.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"The plan {SWEEPS}/{path.name} of a sweep is damaged. Delete it and start the sweep again."
        ) from (error)


def samples_digest(samples: Sequence[int] | np.ndarray) -> str:
    return digest(samples=np.asarray(samples).tolist())


def record_to_json(record: SweepRecord) -> dict[str, Any]:
    return asdict(record) | {"computed_at": record.computed_at and record.computed_at.isoformat()}


def record_from_json(values: Mapping[str, Any]) -> SweepRecord:
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    given["members"] = tuple(Member(**m | {"of": tuple(m["of"])}) for m in values["members"])
    given["conditions"] = tuple(
        SweepCondition(c["corruption"], c["severity"], tuple((n, v) for n, v in c["params"]))
        for c in values["conditions"]
    )
    when = values["computed_at"]
    given["computed_at"] = datetime.fromisoformat(when) if when else None
    return SweepRecord(**given)
