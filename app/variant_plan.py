"""What a user plans to build: methods x sparsities, what each variant will be called, what is refused and why.

A plan is read from a choice and becomes the arguments of jobs of the kind "prune"; nothing is computed here. Import
it where torch may be imported.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from analysis.pipelines.pruning import usual_name
from analysis.pruning import asking
from analysis.pruning.examples import Examples
from analysis.pruning.registry import PruningMethod
from analysis.pruning.schedules import Schedule
from analysis.records import DatasetRecord
from analysis.types import Ask
from app.recent import Recent
from app.variant_options import USUAL, Options
from models.cards import check_name
from models.classifier import Classifier
from models.errors import CutawayError
from models.variant import Granularity, Scope, Tuning, VariantRecipe

_SOME = Examples(np.zeros((1, 1, 1, 1), np.uint8), np.zeros(1, np.int64))
"""Stands for a dataset's images, which the job reads: what is checked here is only whether there are some."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One variant that is planned."""

    name: str
    recipe: VariantRecipe
    against: str = ""  # why it cannot be made
    there: str = ""  # that it is there, or on its way


@dataclass(frozen=True, slots=True)
class Row:
    """One method with its variants: a job."""

    method: PruningMethod
    cells: tuple[Cell, ...] = ()
    against: str = ""  # why none can be made

    @property
    def ready(self) -> tuple[Cell, ...]:
        """The variants that can be made."""
        return () if self.against else tuple(c for c in self.cells if not (c.against or c.there))


def rows(
    classifier: Classifier,
    asked: Sequence[tuple[PruningMethod, Ask]],
    levels: Sequence[float],
    options: Options,
    data: DatasetRecord | None,
    taken: Mapping[str, VariantRecipe | None],
    coming: Collection[str] = (),
    known: Recent[str, str] | None = None,
) -> list[Row]:
    """The plan: a row for each method.

    taken: the models that are here, with the recipe that made them; coming: names of variants that are being made;
    known: what was checked before, as that takes a second in large networks.
    """
    known = known if known is not None else Recent(1)
    used, found = set(coming), []
    for method, ask in asked:
        row = _row(classifier, method, ask, levels, options, data, known)
        row = replace(row, cells=tuple(_named(cell, taken, used) for cell in row.cells))
        used |= {cell.name for cell in row.ready}
        found.append(row)
    return found


def _row(
    classifier: Classifier,
    method: PruningMethod,
    ask: Ask,
    levels: Sequence[float],
    options: Options,
    data: DatasetRecord | None,
    known: Recent[str, str],
) -> Row:
    try:
        recipes = _recipes(classifier, method, ask, levels, options, data)
    except CutawayError as error:
        return Row(method, (), str(error))
    examples = _SOME if data is not None else None
    whole = _against(classifier, recipes, examples, known)
    reasons = [_against(classifier, [r], examples, known) if whole else "" for r in recipes]
    if whole and len(set(reasons)) == 1 and len(recipes) > 1:  # it is not about the sparsity
        return Row(method, (), whole)
    cells = [Cell(called(r, options), r, why) for r, why in zip(recipes, reasons, strict=True)]
    return Row(method, tuple(cells))


def _named(cell: Cell, taken: Mapping[str, VariantRecipe | None], coming: Collection[str]) -> Cell:
    """With a name of its own: numbered where another model has it, unless that was made in the very same way."""
    if cell.against:
        return cell
    others, number, name = {n.casefold() for n in (*taken, *coming)}, 1, cell.name
    while name.casefold() in others:
        if name in coming or taken.get(name) == cell.recipe:
            return replace(cell, name=name, there="on its way" if name in coming else "is here")
        number += 1
        name = f"{cell.name}-{number}"
    return replace(cell, name=name, against=_bad(name))


def _recipes(
    classifier: Classifier,
    method: PruningMethod,
    ask: Ask,
    levels: Sequence[float],
    options: Options,
    data: DatasetRecord | None,
) -> list[VariantRecipe]:
    epochs = options.train_epochs if method.trains else options.epochs
    if not (method.needs_data or epochs or options.recalibrate):
        data = None
    return asking.recipes(
        classifier,
        method.name,
        levels,
        params=dict(ask.params),
        scope=None if options.scope == USUAL else cast("Scope", options.scope),
        granularity=None if options.granularity == USUAL else cast("Granularity", options.granularity),
        rounds=options.rounds,
        schedule=cast("Schedule", options.schedule),
        data=data.dataset_id if data else "",
        data_name=data.name if data else "",
        samples=options.samples,
        recalibrate=options.recalibrate,
        tuning=Tuning(epochs, options.learning_rate, options.batch, options.distil),
        seed=options.seed,
    )


def _against(
    classifier: Classifier, recipes: Sequence[VariantRecipe], examples: Examples | None, known: Recent[str, str]
) -> str:
    def checked() -> str:
        try:
            asking.check(classifier, recipes, examples)
        except CutawayError as error:
            return str(error)
        return ""

    return known.made(json.dumps([*(r.to_json() for r in recipes), examples is None]), checked)


def _bad(name: str) -> str:
    try:
        check_name(name, ())
    except CutawayError as error:
        return str(error)
    return ""


def called(recipe: VariantRecipe, options: Options) -> str:
    """`shapes-cnn-lamp-80`, or with the user's own beginning."""
    return usual_name(replace(recipe, base=options.prefix) if options.prefix else recipe)


def arguments(row: Row, options: Options) -> dict[str, Any]:
    """Of the job that makes the variants of a row that can be made."""
    recipe = row.ready[0].recipe
    return {
        "base": recipe.base,
        "method": recipe.method,
        "sparsities": [cell.recipe.sparsity for cell in row.ready],
        "names": [cell.name for cell in row.ready],
        "params": dict(recipe.params),
        "scope": recipe.scope,
        "granularity": recipe.granularity,
        "rounds": options.rounds,
        "schedule": options.schedule,
        "data": recipe.data or None,
        "samples": options.samples,
        "recalibrate": recipe.recalibrate,
        "tuning": recipe.to_json()["tuning"],
        "seed": recipe.seed,
    }
