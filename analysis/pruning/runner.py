"""From recipes to networks: scores, masks, rounds, tuning. Nothing here reads or writes a file.

    for pruned in prune(classifier, recipes, examples):
        pruned.network

Recipes that are asked for together differ in sparsity and levels only, so scores are computed once for all that are
made in one shot, and where the levels of one begin those of another, one run of rounds passes through both.
"""

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from analysis.errors import BadParameter
from analysis.pruning import allocation, densities, scoring
from analysis.pruning.asking import check
from analysis.pruning.changes import ChangeTask
from analysis.pruning.examples import Examples
from analysis.pruning.granularity import grouping, pattern, pattern_masks
from analysis.pruning.layers import count_zeros, prunable, put, sparsity, weights_of
from analysis.pruning.rebuilding import rebuilt
from analysis.pruning.recalibration import recalibrate
from analysis.pruning.registry import PruningMethod
from analysis.pruning.silence import silence
from analysis.pruning.training import TrainTask, augmentation, tune
from analysis.types import Report, silent
from models import structures
from models.classifier import Classifier
from models.variant import VariantRecipe

EXACT = 0.001
"""How far the sparsity that is reached may be from the one that was asked, without a word about it."""


@dataclass(frozen=True, slots=True, eq=False)
class Pruned:
    """A variant's network, in eval mode and frozen, and how it came about."""

    recipe: VariantRecipe
    network: nn.Module  # a new one; the base is as it was
    structure: Mapping[str, Any] = field(default_factory=dict)  # how it differs from its architecture's
    sparsity: float = 0.0  # reached, of the prunable weights
    remarks: tuple[str, ...] = ()
    seconds: float = 0.0


def prune(
    classifier: Classifier,
    recipes: Sequence[VariantRecipe],
    examples: Examples | None = None,
    *,
    report: Report = silent,
) -> Iterator[Pruned]:
    """One for each recipe, in their order, each when it is there; the base is not altered.

    examples: labelled images of the base's input size, in its own classes; None where the method needs none.
    Raises what `asking.check` raises, before anything is computed, and Cancelled.
    """
    if not recipes:
        raise BadParameter("Say at least one sparsity.")
    if any(replace(r, sparsity=0, levels=()) != replace(recipes[0], sparsity=0, levels=()) for r in recipes):
        raise BadParameter("Variants that are made together differ in their sparsity only.")
    method = check(classifier, recipes, examples)
    return _Run(classifier, method, recipes, examples, report).each()


class _Run:
    """The recipes of one method on one base."""

    def __init__(
        self,
        classifier: Classifier,
        method: PruningMethod,
        recipes: Sequence[VariantRecipe],
        examples: Examples | None,
        report: Report,
    ) -> None:
        self.classifier, self.method, self.recipes, self.examples = classifier, method, recipes, examples
        self.recipe, self.report = recipes[0], report
        self.began = time.perf_counter()
        count = self.recipe.samples
        self.scored = examples.some(count, self.recipe.seed) if examples is not None and count else examples

    def each(self) -> Iterator[Pruned]:
        if self.method.kind == "change":
            for place, recipe in enumerate(self.recipes):
                yield self._changed(recipe, self._part(place))
        elif self.method.kind == "train":
            yield from self._chains(self._trained)
        elif self.method.kind in ("rebuild", "flow") or any(len(r.levels) > 1 for r in self.recipes):
            yield from self._chains(self._rounds)
        else:
            yield from self._one_shot()

    def _one_shot(self) -> Iterator[Pruned]:
        """One scoring and one sort for all sparsities."""
        sparsities = [r.sparsity for r in self.recipes]
        if self.method.kind == "weights":  # which reads nothing but weights: no copy needed
            with self.classifier.exclusive() as module:
                found = self._masks(module, prunable(module), sparsities, self._part(0))
        else:
            network = self._copy()
            found = self._masks(network, prunable(network), sparsities, self._part(0))
        for place, (recipe, masks) in enumerate(zip(self.recipes, found, strict=True)):
            pruned = self._copy()
            self._cut(pruned, prunable(pruned), masks)
            pruned = self._tuned(pruned, masks, 0, self._part(place))
            yield self._finished(recipe, pruned)

    def _chains(self, run: Callable[[VariantRecipe, Report], Iterator[nn.Module]]) -> Iterator[Pruned]:
        """Recipes whose levels begin those of another share its rounds; results in the order asked."""
        ready: dict[int, Pruned] = {}
        for place, recipe in enumerate(self.recipes):
            if place not in ready:
                longest = max((r for r in self.recipes if _begins(recipe, r)), key=lambda r: len(r.levels))
                served = {len(r.levels): i for i, r in enumerate(self.recipes) if _begins(r, longest)}
                networks = run(longest, self._part(place, len(served)))
                for number, network in enumerate(networks, start=1):
                    if number in served:
                        own = served[number]
                        ready[own] = self._finished(self.recipes[own], copy.deepcopy(network))
            yield ready.pop(place)

    def _rounds(self, recipe: VariantRecipe, report: Report) -> Iterator[nn.Module]:
        """Score, cut and tune, as often as the recipe has levels."""
        network = self._copy()
        for number, level in enumerate(recipe.levels):
            part = _within(report, number / len(recipe.levels), 1 / len(recipe.levels))
            layers = prunable(network, self.classifier.name)
            if self.method.kind == "rebuild":
                masks = self._rebuilt(network, layers, level, part)
            else:
                (masks,) = self._masks(network, layers, [level], part)
                self._cut(network, layers, masks)
            network = self._tuned(network, masks, number, part)
            yield network

    def _trained(self, recipe: VariantRecipe, report: Report) -> Iterator[nn.Module]:
        assert self.examples is not None  # `check` has seen to it
        task = TrainTask(self.classifier, recipe, recipe.levels, self.examples, report)
        return self.method.function(task, **recipe.params)

    def _changed(self, recipe: VariantRecipe, report: Report) -> Pruned:
        """Another network, then tuned like the others."""
        task = ChangeTask(self.classifier, recipe, self.scored, _within(report, 0, 0.5))
        network, structure = self.method.function(self._copy(), task, **recipe.params)
        network = self._tuned(network, None, 0, _within(report, 0.5, 0.5))
        return self._finished(recipe, network, structure)

    def _masks(
        self, network: nn.Module, layers: Mapping[str, nn.Module], levels: Sequence[float], report: Report
    ) -> list[allocation.Masks]:
        """What of this network stays at each level; what is zero already goes first."""
        recipe, groups = self.recipe, grouping(network, layers, self.recipe.granularity)
        scores = scoring.scores(
            *(self.method, recipe.params, network, layers, self.classifier),
            *(self.scored, recipe.seed, max(levels), report),
            granularity=recipe.granularity,
        )
        gone = -torch.inf if groups is None else min(float(score.min()) for score in scores.values())
        weights = weights_of(layers)
        for name, score in scores.items():
            if count_zeros(weights[name]):
                scores[name] = score.masked_fill(weights[name] == 0, gone)
        scores = {name: score.cpu() for name, score in scores.items()}
        if (n_to_m := pattern(recipe.granularity)) is not None:
            return [pattern_masks(scores, *n_to_m)] * len(levels)
        return allocation.masks(scores, levels, scope=recipe.scope, groups=groups)

    def _cut(self, network: nn.Module, layers: Mapping[str, nn.Module], masks: allocation.Masks) -> None:
        put(layers, masks)
        if self.recipe.granularity == "channel":
            silence(network, layers, self.classifier.preprocessing)

    def _rebuilt(
        self, network: nn.Module, layers: Mapping[str, nn.Module], level: float, report: Report
    ) -> allocation.Masks:
        """Each layer's weights anew, so that its outputs change little."""
        assert self.scored is not None
        recipe, shapes = self.recipe, {name: w.shape for name, w in weights_of(layers).items()}
        shares = densities.sparsities(shapes, level, recipe.scope)
        n_to_m = pattern(recipe.granularity)
        rebuilt(
            *(self.method, recipe.params, network, layers, self.classifier, self.scored, shares, n_to_m, report),
        )
        return {name: weight != 0 for name, weight in weights_of(layers).items()}

    def _tuned(self, network: nn.Module, masks: allocation.Masks | None, number: int, report: Report) -> nn.Module:
        tuning = self.recipe.tuning
        if not tuning.epochs or self.method.kind == "train":
            return network
        assert self.examples is not None
        return tune(
            network,
            self.examples,
            self.classifier.preprocessing,
            tuning,
            masks=masks,
            teacher=self._copy() if tuning.distil else None,
            seed=self.recipe.seed + number,
            report=report,
            augmentation=augmentation(self.classifier),
        )

    def _finished(
        self, recipe: VariantRecipe, network: nn.Module, structure: Mapping[str, Any] | None = None
    ) -> Pruned:
        network = network.eval().requires_grad_(False)
        if recipe.recalibrate:
            assert self.examples is not None
            chosen = self.examples.some(recipe.recalibrate, recipe.seed)
            recalibrate(network, chosen, self.classifier.preprocessing)
        weights = weights_of(prunable(network)) if self.method.amount == "zeros" else {}
        seconds, self.began = time.perf_counter() - self.began, time.perf_counter()
        reached = sparsity(weights)
        structure = structures.of(self.classifier, network) if structure is None else structure
        return Pruned(recipe, network, structure, reached, self._remarks(recipe, weights, reached), seconds)

    def _remarks(self, recipe: VariantRecipe, weights: Mapping[str, Tensor], reached: float) -> tuple[str, ...]:
        """What must be said of it."""
        found = []
        if weights and abs(reached - recipe.sparsity) > EXACT:
            why = f"only whole groups ({recipe.granularity}) of some layers can go"
            found.append(f"{reached:.2%} of the weights are zero instead of {recipe.sparsity:.2%}: {why}.")
        if empty := [name for name, weight in weights.items() if count_zeros(weight) == weight.numel()]:
            listed = ", ".join(empty[:3]) + (" ..." if len(empty) > 3 else "")
            found.append(f"Nothing is left of {len(empty)} of {len(weights)} layers: {listed}.")
        return tuple(found)

    def _copy(self) -> nn.Module:
        """The base's network, to be altered."""
        with self.classifier.exclusive() as module:
            return copy.deepcopy(module).eval()

    def _part(self, place: int, count: int = 1) -> Report:
        """Progress of so many recipes of all."""
        return _within(self.report, place / len(self.recipes), count / len(self.recipes))


def _begins(recipe: VariantRecipe, other: VariantRecipe) -> bool:
    return other.levels[: len(recipe.levels)] == recipe.levels


def _within(report: Report, start: float, share: float) -> Report:
    return lambda fraction, message: report(start + share * fraction, message)
