"""From what was asked to the plan of a sweep: networks opened once, the truth of the samples, the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.pipelines.sweep_asking import chosen
from analysis.pipelines.sweep_plan import DATASETS, MODELS, Facts, Plan, load_plan, save_plan
from analysis.sweeps import Member, SweepCondition, SweepRecord
from analysis.types import Report
from models.errors import CutawayError

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset
    from models.classifier import Classifier

BEGUN = 0.02
"""Of the whole: opening networks."""


def planned(workspace: Path, arguments: Mapping[str, Any], report: Report) -> Plan:
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
        report(BEGUN * number / len(arguments["models"]), f"opening {name}")
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
        facts.append(Facts(found.preprocessing.to_json()))
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
    from models.preprocessing import Preprocessing

    given = [Preprocessing.from_json(dict(f.preprocessing)) for f in facts if f.preprocessing]
    sizes = list(dict.fromkeys(working_size(dataset.image_shape, each) for each in given))
    size = sizes[0]
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
        remarks=tuple(_remarks(arguments, dataset, sizes)),
        params={n: arguments[n] for n in names if arguments.get(n) is not None},
        computed_at=datetime.now(UTC),
    )


def _remarks(arguments: Mapping[str, Any], dataset: OpenDataset, sizes: Sequence[tuple[int, int]]) -> list[str]:
    from analysis.pipelines.sweep_decks import remarks_of
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
    return [*found, *remarks_of(arguments["decks"])]
