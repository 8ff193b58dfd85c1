"""The networks of a sweep, opened when first asked and kept as long as there is room."""

from __future__ import annotations

from pathlib import Path

import torch

from analysis.engine.devices import best
from analysis.errors import DataError
from analysis.pipelines.sweep_members import Answering
from analysis.pipelines.sweep_plan import MODELS, Plan
from models import catalogue
from models.classifier import Classifier

_ROOM_BYTES = 4_000_000_000
"""Of weights, where the device has no memory of its own."""


class Networks:
    """By the place of a member; those that were asked longest ago give way."""

    def __init__(self, workspace: Path, plan: Plan) -> None:
        self._workspace, self._plan, self._device = workspace, plan, best()
        self._open: dict[int, Answering] = {}
        self._sizes: dict[int, int] = {}  # bytes of weights
        self._room = _room(self._device)

    def answering(self, member: int) -> Answering:
        """Raises what opening it raises, and DataError where it is another network than when the sweep was asked."""
        if (known := self._open.pop(member, None)) is None:
            known = self._opened(member)
            self._sizes[member] = _size(known.classifier)
        self._open[member] = known  # now the last
        while len(self._open) > 1 and sum(self._sizes[m] for m in self._open) > self._room:
            del self._open[next(iter(self._open))]
        return known

    def _opened(self, member: int) -> Answering:
        if refused := self._plan.facts[member].refused:
            raise DataError(refused)
        who = self._plan.record.members[member]
        found = catalogue.load(who.name, imported=self._workspace / MODELS, device=self._device)
        if found.fingerprint != who.model_id:
            raise DataError(f"{who.name} is not the network any more that this sweep began with. Start a new sweep.")
        arguments = self._plan.arguments
        return Answering(found, self._plan.features, bool(arguments.get("autocast")), arguments.get("batch"))


def _room(device: str) -> int:
    if device == "cuda":
        return torch.cuda.get_device_properties(0).total_memory // 2
    return _ROOM_BYTES


def _size(classifier: Classifier) -> int:
    return sum(t.numel() * t.element_size() for t in classifier.module.state_dict().values())
