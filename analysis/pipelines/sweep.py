"""Variants under corruptions: the job kind "sweep".

    arguments = asked(store, workspace, models=names, dataset=dataset_id, corruptions=("all",))
    run_here(store, workspace, "sweep", arguments)         or Work.submit("sweep", arguments, title)
    take_in(store, workspace, arguments["sweep_id"])       while it runs: what is whole, into the store

`compute` knows no store: it leaves a plan, cells and a log under the workspace (sweep_plan.py, sweep_cells.py), goes
on where it was killed, and computes no cell that any sweep has left. The store's owner takes in cells as they come.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import DataError
from analysis.pipelines import sweep_cells
from analysis.pipelines.sweep_asking import asked
from analysis.pipelines.sweep_making import BEGUN, planned
from analysis.pipelines.sweep_plan import Plan, load_plan, plan_path
from analysis.records import ModelRecord
from analysis.sweeps import SweepRecord
from analysis.types import Report

if TYPE_CHECKING:
    from analysis.store.store import Store

__all__ = ["asked", "compute", "delete", "finish", "take_in"]

_WORKER = "analysis.pipelines.sweep_units:make"


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Run the sweep, or go on with it -> sweep_id, cells, failed, seconds. Knows no store; runs in any process."""
    import torch

    from analysis.engine.executors import executor
    from analysis.pipelines.sweep_scoring import Finishing

    workspace, sweep_id, began = Path(arguments["workspace"]), str(arguments["sweep_id"]), time.perf_counter()
    engine = executor(arguments.get("engine") or "local", arguments.get("address"))
    plan = planned(workspace, {n: v for n, v in arguments.items() if n != "workspace"}, report)
    finishing = Finishing(workspace, plan)
    tasks = finishing.tasks
    finishing.begin()
    setting = {"workspace": str(workspace), "sweep_id": sweep_id, "threads": torch.get_num_threads()}
    progress = _Progress(plan, tasks, report)
    for place, result in engine.run(_WORKER, setting, tasks, progress.tick):
        finishing.took(tasks[place], result)
        progress.done(place)
    cells = len(plan.record.members) * len(plan.record.conditions)
    seconds = time.perf_counter() - began
    return {"sweep_id": sweep_id, "cells": cells, "failed": finishing.failed, "seconds": seconds}


def finish(store: Store, workspace: Path, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Take the rest into the store -> what `compute` said, and the name that the sweep has there."""
    record = take_in(store, workspace, result["sweep_id"])
    if record is None:
        raise DataError("The results of the sweep are not in the workspace any more. Start it again.")
    return {**result, "name": record.name}


def take_in(store: Store, workspace: Path, sweep_id: str) -> SweepRecord | None:
    """Take into the store what of a sweep is whole, also while it is computed. None before its plan is there.

    Taking twice changes nothing.
    """
    plan = load_plan(workspace, sweep_id)
    if plan is None:
        return None
    if store.sweeps.one(sweep_id) is None:
        for model in plan.models:
            when: Any = datetime.fromisoformat(model["added_at"])
            store.save_model(ModelRecord(**dict(model) | {"added_at": when}))
    saved = store.sweeps.save(plan.record, plan.samples, plan.truth)
    there = {(c.member, c.condition): c for c in store.sweeps.cells(sweep_id)}
    new = []
    for entry in sweep_cells.entries(workspace, sweep_id):
        known = there.get((entry.cell.member, entry.cell.condition))
        if known is None or (known.state, known.message) != (entry.cell.state, entry.cell.message):
            new.append(entry)
    parts = [(sweep_cells.cell_path(workspace, p), e.cell.member, e.cell.condition) for e in new for p in e.parts]
    if new:
        store.sweeps.add(sweep_id, [e.cell for e in new], parts)
    return saved


def delete(store: Store, workspace: Path, sweep_id: str) -> None:
    """Remove a sweep: its rows, its plan, and the cells that no other sweep has. Stop its job first."""
    mine = {part for e in sweep_cells.entries(workspace, sweep_id) for part in e.parts}
    others = [p.stem for p in plan_path(workspace, sweep_id).parent.glob("*.cells") if p.stem != sweep_id]
    kept = {part for other in others for e in sweep_cells.entries(workspace, other) for part in e.parts}
    plan_path(workspace, sweep_id).unlink(missing_ok=True)  # first: a sweep without a plan is not taken in again
    sweep_cells.log_path(workspace, sweep_id).unlink(missing_ok=True)
    store.sweeps.delete(sweep_id)
    for part in mine - kept:
        path = sweep_cells.cell_path(workspace, part)
        for file in path.parent.glob(f"{part}*"):
            file.unlink(missing_ok=True)


class _Progress:
    """Fraction and pace over all units, however many workers do them."""

    def __init__(self, plan: Plan, tasks: Sequence[Mapping[str, int]], report: Report) -> None:
        self.plan, self.tasks, self.report = plan, tasks, report
        self.before = len(plan.tasks) - len(tasks)
        self.message, self.began = "going on" if self.before else "clean images", time.perf_counter()
        self.images = 0  # shown to a network
        self.tick(0.0)

    def tick(self, done: float) -> None:
        whole = (self.before + done) / len(self.plan.tasks)
        self.report(BEGUN + (1 - BEGUN) * whole, self.message)

    def done(self, place: int) -> None:
        """A unit is over; others before it may not be."""
        task, record = self.tasks[place], self.plan.record
        span = self.plan.span(task["block"])
        self.images += (span.stop - span.start) * len(record.members)
        pace = self.images / max(time.perf_counter() - self.began, 1e-6)
        name = record.conditions[task["condition"]].name
        self.message = f"{name}: {place + 1 + self.before:,} of {len(self.plan.tasks):,}, {pace:,.0f} images a second"
