"""Units of a sweep: one condition over one block of samples, prepared once and shown to every member that lacks it.

What a member says depends on nothing but itself and the images: batches begin at fixed places of a block, and who
else is shown them makes no difference. A member that fails leaves the others alone. Images of the next chunk, or of
the next unit, are prepared in a thread while networks compute.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from analysis.datasets.opened import OpenDataset
from analysis.engine.devices import best
from analysis.engine.executors import Tick
from analysis.errors import DataError
from analysis.passes.files import WriteFailed
from analysis.passes.forward import LOGITS
from analysis.passes.stream import crop_of
from analysis.pipelines.sweep_cells import there, write_cell
from analysis.pipelines.sweep_decks import Decks
from analysis.pipelines.sweep_images import Images, Pictures
from analysis.pipelines.sweep_members import joined, not_numbers, rows
from analysis.pipelines.sweep_networks import Networks
from analysis.pipelines.sweep_plan import DATASETS, Plan, load_plan, plan_path
from analysis.pipelines.sweep_stored import Stored
from models.errors import CutawayError

FAILS = (CutawayError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, MemoryError)
"""What networks and methods of others raise; it is told of the cell, and the sweep goes on."""

_Place = tuple[int, int, int]  # condition, block, chunk


def make(setting: Mapping[str, Any]) -> UnitWorker:
    """A worker of the plan that lies in a workspace: {"workspace", "sweep_id", "threads"}."""
    workspace, sweep_id = Path(setting["workspace"]), str(setting["sweep_id"])
    plan = load_plan(workspace, sweep_id)
    if plan is None:
        raise DataError(
            f"{plan_path(workspace, sweep_id)} is not there as seen from this machine. The machines of a cluster must "
            "share the workspace's folder under the same path."
        )
    return UnitWorker(workspace, plan, setting.get("threads"))


@dataclass
class _Gathered:
    """What one member said so far."""

    parts: list[dict[str, np.ndarray]] = field(default_factory=list)
    features: dict[str, list[np.ndarray]] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""


class UnitWorker:
    """Holds networks and images. See `executors.TaskWorker`."""

    def __init__(self, workspace: Path, plan: Plan, threads: int | None = None) -> None:
        if threads:
            torch.set_num_threads(threads)  # of which float32 sums depend
        self.workspace, self.plan, self.record = workspace, plan, plan.record
        folder = workspace / DATASETS
        self.dataset = OpenDataset.open(folder / plan.record.dataset_id, as_stored=True)
        given = plan.arguments.get("stored")
        stored = Stored(OpenDataset.open(folder / given, as_stored=True), self.dataset) if given else None
        self.pictures = Pictures(self.dataset, plan.crops, best(), plan.record.seed, stored)
        self.networks = Networks(workspace, plan)
        self.decks = Decks(plan, self.networks, self.pictures)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="corrupt")
        self._ahead: dict[_Place, Future[Images]] = {}

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def run(
        self, task: Mapping[str, Any], following: Mapping[str, Any] | None, tick: Tick | None = None
    ) -> dict[str, Any]:
        """{"condition", "block"} -> {"cells": {cell_id: {"state", "message", "seconds"}}}; the rows are in files."""
        condition, block = int(task["condition"]), int(task["block"])
        lacking = self._lacking(condition, block)
        found = {m: _Gathered() for m in lacking}
        chunks = self.plan.chunks(block)
        after = (int(following["condition"]), int(following["block"]), 0) if following else None
        for number in range(len(chunks)) if lacking else ():
            then = (condition, block, number + 1) if number + 1 < len(chunks) else after
            try:
                images = self._images((condition, block, number), then)
            except FAILS as error:
                _fail(found, error)
                break
            self._chunk(condition, chunks[number], images, found)
            if tick is not None:
                tick((number + 1) / len(chunks))
        return {"cells": {lacking[m]: self._kept(lacking[m], m, each) for m, each in found.items()}}

    def _lacking(self, condition: int, block: int) -> dict[int, str]:
        """Members whose cell is not there, with its id; two that are one network count once."""
        found: dict[str, int] = {}
        for member in range(len(self.record.members)):
            cell_id = self.plan.cell_id(member, condition, block)
            if cell_id not in found and not there(self.workspace, cell_id, self._taps(member)):
                found[cell_id] = member
        return {member: cell_id for cell_id, member in found.items()}

    def _taps(self, member: int) -> tuple[str, ...]:
        return self.plan.features if self.record.members[member].kind == "model" else ()

    # -------------------------------------------------------------------------------------------------------- images

    def _images(self, place: _Place, then: _Place | None) -> Images:
        """A chunk, prepared before or now; the next is begun."""
        now = self._ahead.pop(place, None) or self._begun(place)
        self._ahead.clear()
        if then is not None:
            self._ahead[then] = self._begun(then)
        return now.result()

    def _begun(self, place: _Place) -> Future[Images]:
        condition, block, number = place
        samples = self.plan.samples[self.plan.chunks(block)[number]]
        return self._pool.submit(self.pictures.under, self.plan.asked_condition(condition), samples)

    # ------------------------------------------------------------------------------------------------------- members

    def _chunk(self, condition: int, span: slice, images: Images, found: dict[int, _Gathered]) -> None:
        """Show a chunk to all members that are still asked, then to the decks that are made of them."""
        decks = [m for m in found if self.record.members[m].kind == "deck" and not found[m].error]
        models = [m for m in found if self.record.members[m].kind == "model" and not found[m].error]
        attack = self.plan.asked_condition(condition)["kind"] == "attack"
        wanted = set() if attack else {m for d in decks for m in self.plan.members_of(self.record.members[d])}
        logits: dict[int, np.ndarray] = {}
        failed: dict[int, str] = {}
        for member in sorted({*models, *wanted}):
            gathered = found.get(member, _Gathered())
            if gathered.error:
                failed[member] = gathered.error
                continue
            began = time.perf_counter()
            try:
                answers = self._answers(member, condition, span, images)
                if member in found:
                    gathered.parts.append(self._rows(member, answers, span))
                    for tap in self._taps(member):
                        gathered.features.setdefault(tap, []).append(answers[tap])
                logits[member] = answers[LOGITS]
            except FAILS as error:
                gathered.error = failed[member] = _told(error)
            gathered.seconds += time.perf_counter() - began
        for deck in decks:
            began = time.perf_counter()
            try:
                self._deck(deck, condition, span, images, logits, failed, found[deck])
            except FAILS as error:
                found[deck].error = _told(error)
            found[deck].seconds += time.perf_counter() - began

    def _deck(
        self,
        deck: int,
        condition: int,
        span: slice,
        images: Images,
        logits: Mapping[int, np.ndarray],
        failed: Mapping[int, str],
        gathered: _Gathered,
    ) -> None:
        for member in self.plan.members_of(self.record.members[deck]):
            if member in failed:
                raise DataError(f"Its member {self.record.members[member].name} failed: {failed[member]}")
        asked = self.plan.asked_condition(condition)
        gathered.parts.append(self.decks.answers(deck, asked, span, images, logits))

    def _answers(self, member: int, condition: int, span: slice, images: Images) -> dict[str, np.ndarray]:
        answering = self.networks.answering(member)
        pixels = images[crop_of(answering.classifier.preprocessing)]
        asked = self.plan.asked_condition(condition)
        if asked["kind"] == "attack":
            truth, places = self.plan.truth[span], self.plan.samples[span]
            pixels = answering.attacked(pixels, truth, places, asked, self.record.seed)
        answers = answering.answers(pixels)
        classes = len(self.record.class_names)
        if answers[LOGITS].ndim != 2 or answers[LOGITS].shape[1] != classes:
            raise DataError(f"It gave logits of shape {answers[LOGITS].shape}, expected (images, {classes} classes).")
        return answers

    def _rows(self, member: int, answers: Mapping[str, np.ndarray], span: slice) -> dict[str, np.ndarray]:
        head = self.networks.answering(member).head
        return rows(answers, head, self.plan.samples[span], self.plan.truth[span])

    # --------------------------------------------------------------------------------------------------------- files

    def _kept(self, cell_id: str, member: int, gathered: _Gathered) -> dict[str, Any]:
        """Write a cell -> what became of it."""
        if gathered.error or not gathered.parts:
            return {"state": "failed", "message": gathered.error, "seconds": gathered.seconds}
        columns = joined(gathered.parts)
        remarks = []
        if lost := not_numbers(columns):
            remarks.append(
                f"The logits of {lost:,} of {len(columns['sample']):,} samples are not numbers: they count as wrong "
                "and have no confidence."
            )
        features = {tap: np.concatenate(parts) for tap, parts in gathered.features.items()}
        write_cell(self.workspace, cell_id, columns, remarks, features)
        return {"state": "done", "message": "", "seconds": gathered.seconds}


def _fail(found: Mapping[int, _Gathered], error: BaseException) -> None:
    if isinstance(error, WriteFailed):
        raise error
    for each in found.values():
        each.error = each.error or _told(error)


def _told(error: BaseException) -> str:
    """A failure in one sentence or two for the cell."""
    if isinstance(error, CutawayError):
        return str(error)
    text = " ".join(str(error).split())
    return f"The network stopped with {type(error).__name__}: {text[:300] or 'no reason given'}"
