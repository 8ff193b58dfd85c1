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
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.errors import DataError
from analysis.pipelines import sweep_cells
from analysis.pipelines.sweep_asking import asked, chosen
from analysis.pipelines.sweep_plan import DATASETS, MODELS, Facts, Plan, load_plan, plan_path, save_plan
from analysis.records import ModelRecord
from analysis.sweeps import Member, SweepCondition, SweepRecord
from analysis.types import Report
from models.errors import CutawayError

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset
    from analysis.store.store import Store
    from models.classifier import Classifier

__all__ = ["asked", "compute", "delete", "finish", "take_in"]

_WORKER = "analysis.pipelines.sweep_units:make"
_BEGUN = 0.02  # of the whole: opening networks


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Run the sweep, or go on with it -> sweep_id, cells, failed, seconds. Knows no store; runs in any process."""
    import torch

    from analysis.engine.executors import executor
    from analysis.pipelines.sweep_scoring import Finishing

    workspace, sweep_id, began = Path(arguments["workspace"]), str(arguments["sweep_id"]), time.perf_counter()
    engine = executor(arguments.get("engine") or "local", arguments.get("address"))
    plan = _planned(workspace, {n: v for n, v in arguments.items() if n != "workspace"}, report)
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


# --------------------------------------------------------------------------------------------------------- the plan


def _planned(workspace: Path, arguments: Mapping[str, Any], report: Report) -> Plan:
    """The plan that is there, or a new one, written."""
    from analysis.datasets.opened import OpenDataset
    from analysis.passes.run import true_classes

    known = load_plan(workspace, str(arguments["sweep_id"]))
    if known is not None and not any(f.refused for f in known.facts):
        return known
    dataset = OpenDataset.open(workspace / DATASETS / arguments["dataset"], as_stored=True)
    samples = chosen(len(dataset), arguments["limit"], arguments["seed"])
    truth = true_classes(dataset.labels[samples], arguments["class_map"])
    members, facts, models = _opened(workspace, arguments, report)
    record = known.record if known else _record(arguments, dataset, members, facts, samples)
    plan = Plan(dict(arguments), record, samples, truth, tuple(facts), tuple(models))
    save_plan(workspace, plan)
    return plan


def _opened(
    workspace: Path, arguments: Mapping[str, Any], report: Report
) -> tuple[list[Member], list[Facts], list[dict[str, Any]]]:
    """Every network opened once. The first error where none can be."""
    from analysis.pipelines.variants import members
    from models import catalogue

    cards, made, facts, models = {m.name: m for m in members(None, workspace / MODELS)}, [], [], []
    errors: list[CutawayError] = []
    for number, (name, model_id) in enumerate(zip(arguments["models"], arguments["model_ids"], strict=True)):
        report(_BEGUN * number / len(arguments["models"]), f"opening {name}")
        card = cards.get(name)
        recipe = card.recipe if card else None
        member = Member(
            name,
            model_id,
            parent=card.parent if card else "",
            method=recipe.method if recipe else "",
            sparsity=recipe.sparsity if recipe else None,
        )
        try:
            found = catalogue.load(name, imported=workspace / MODELS)
        except CutawayError as error:
            errors.append(error)
            made.append(member)
            facts.append(Facts(None, str(error)))
            continue
        made.append(_with_head(member, found))
        facts.append(Facts(found.preprocessing))
        models.append(_model(found))
    if len(errors) == len(made):
        raise errors[0]
    for deck in arguments["decks"]:
        of = tuple(deck["members"])
        made.append(Member(deck["name"], deck["deck_id"], "deck", linear_head=False, of=of, gate=deck["gate"]))
        facts.append(Facts())
    return made, facts, models


def _with_head(member: Member, found: Classifier) -> Member:
    return replace(member, linear_head=found.head is not None)


def _model(found: Classifier) -> dict[str, Any]:
    from analysis.store.classifiers import described

    record = described(found)
    return asdict(record) | {"added_at": record.added_at.isoformat()}


def _record(
    arguments: Mapping[str, Any],
    dataset: OpenDataset,
    members: Sequence[Member],
    facts: Sequence[Facts],
    samples: np.ndarray,
) -> SweepRecord:
    from analysis.engine.devices import best, describe
    from analysis.pipelines.sweep_images import table_of, working_size

    sizes = {working_size(dataset.image_shape, f.preprocessing): None for f in facts if f.preprocessing}
    size = next(iter(sizes))
    conditions = [
        SweepCondition(c["name"], c["severity"], tuple(sorted(c["changed"].items()))) for c in arguments["conditions"]
    ]
    names = ("limit", "batch", "autocast", "stored")
    return SweepRecord(
        sweep_id=arguments["sweep_id"],
        name=arguments["name"],
        dataset_id=arguments["dataset"],
        dataset_name=dataset.record.name,
        class_names=tuple(arguments["class_names"]),
        members=tuple(members),
        conditions=tuple(conditions),
        samples=len(samples),
        reference=arguments["reference"],
        table=table_of(arguments["conditions"], size),
        image_size=size,
        seed=arguments["seed"],
        device=describe(best()),
        remarks=tuple(_remarks(arguments, dataset, list(sizes))),
        params={n: arguments[n] for n in names if arguments.get(n) is not None},
        computed_at=datetime.now(UTC),
    )


def _remarks(arguments: Mapping[str, Any], dataset: OpenDataset, sizes: Sequence[tuple[int, int]]) -> list[str]:
    from analysis.records import UNLABELLED

    found = []
    if len(sizes) > 1:
        listed = ", ".join(f"{rows} x {columns}" for rows, columns in sizes)
        found.append(f"The networks take images of different sizes, so these were corrupted at each: {listed}.")
    pairs = zip(dataset.record.class_names, arguments["class_map"], strict=True)
    if lost := [name for name, place in pairs if place == UNLABELLED]:
        found.append(
            f"{len(lost)} of the dataset's {len(dataset.record.class_names)} classes are none of the networks', and "
            f"their samples are neither right nor wrong: {', '.join(lost[:5])}{' ...' if len(lost) > 5 else ''}."
        )
    if arguments.get("stored"):
        found.append("The corrupted images were read from files, not computed.")
    return found


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
        self.report(_BEGUN + (1 - _BEGUN) * whole, self.message)

    def done(self, place: int) -> None:
        """A unit is over; others before it may not be."""
        task, record = self.tasks[place], self.plan.record
        span = self.plan.span(task["block"])
        self.images += (span.stop - span.start) * len(record.members)
        pace = self.images / max(time.perf_counter() - self.began, 1e-6)
        name = record.conditions[task["condition"]].name
        self.message = f"{name}: {place + 1 + self.before:,} of {len(self.plan.tasks):,}, {pace:,.0f} images a second"
