"""What is asked of a pruning, checked before anything is computed."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.errors import BadParameter, NotApplicable
from analysis.pruning import granularity as grains
from analysis.pruning.examples import Examples
from analysis.pruning.layers import prunable, sparsity, weights_of
from analysis.pruning.registry import PRUNERS, PruningMethod
from analysis.pruning.schedules import Schedule, levels
from models.classifier import Classifier
from models.quantised import Int8Layer
from models.variant import Granularity, Scope, Tuning, VariantRecipe

_WHAT = {"zeros": "The sparsity", "channels": "The share of channels", "parameters": "The share of parameters"}
_NEEDS_GRADIENTS = ("gradients", "squares", "curvature", "flow", "train")


def recipes(
    classifier: Classifier,
    method: str,
    sparsities: Sequence[float],
    *,
    params: Mapping[str, Any] | None = None,
    scope: Scope | None = None,
    granularity: Granularity | None = None,
    rounds: int = 1,
    schedule: Schedule = "geometric",
    given_levels: Sequence[float] = (),
    data: str = "",
    data_name: str = "",
    samples: int = 0,
    recalibrate: int = 0,
    tuning: Tuning | None = None,
    seed: int = 0,
) -> list[VariantRecipe]:
    """A recipe for each sparsity; what is not said is the method's own. UnknownName and BadParameter.

    A method whose own parameters say it all takes no sparsity, and makes one variant. `given_levels` go before rounds
    and schedule: a recipe takes those up to its sparsity.
    """
    chosen = PRUNERS[method]
    bound = chosen.bound(params)
    wanted = list(dict.fromkeys(_sparsity(chosen, value) for value in sparsities)) if chosen.amount != "none" else [0.0]
    if not wanted:
        raise BadParameter(f"{chosen.label} must know how much to take: say at least one sparsity, such as 0.8.")
    return [
        VariantRecipe(
            base=classifier.name,
            base_id=classifier.fingerprint,
            method=method,
            version=chosen.version,
            params=bound,
            sparsity=value,
            scope=scope or chosen.scope,
            granularity=granularity or chosen.granularities[0],
            levels=_levels(value, given_levels) if given_levels and value else levels(value, rounds, schedule),
            data=data,
            data_name=data_name,
            samples=samples if chosen.needs_data and not chosen.trains else 0,
            recalibrate=recalibrate,
            tuning=tuning or Tuning(),
            seed=seed,
        )
        for value in wanted
    ]


def _sparsity(method: PruningMethod, value: Any) -> float:
    what = _WHAT.get(method.amount, "The sparsity")
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 < number < 1:
        hint = f" Did you mean {number / 100:g}?" if 2 <= number < 100 else ""
        raise BadParameter(f"{what} is a fraction above 0 and below 1, such as 0.8 for 80 %; got {value!r}.{hint}")
    return number


def _levels(sparsity: float, given: Sequence[float]) -> tuple[float, ...]:
    found = tuple(level for level in given if level <= sparsity)
    if not found or found[-1] != sparsity or list(found) != sorted(set(found)) or found[0] <= 0:
        listed = ", ".join(f"{level:g}" for level in given)
        raise BadParameter(f"Levels rise from round to round and end at the sparsity, {sparsity:g}; got {listed}.")
    return found


def reason_against(method: PruningMethod, classifier: Classifier) -> str | None:
    """Why a method cannot serve a classifier; None where it can."""
    try:
        prunable(classifier.module, classifier.name)
    except NotApplicable as error:
        return str(error)
    if method.kind in _NEEDS_GRADIENTS and (part := _without_gradient(classifier)):
        return f"{method.label} needs gradients, and {part} in {classifier.name} has none. Prune its parent instead."
    return method.applies(classifier) if method.applies else None


def _without_gradient(classifier: Classifier) -> str | None:
    """A module that computes in whole numbers."""
    found = next((m for m in classifier.module.modules() if isinstance(m, Int8Layer)), None)
    return f"a quantised {type(found).__name__}" if found is not None else None


def check(classifier: Classifier, asked: Sequence[VariantRecipe], examples: Examples | None) -> PruningMethod:
    """The method of these recipes, once all is well: BadParameter, NotApplicable or UnknownName where it is not."""
    method, recipe = PRUNERS[asked[0].method], asked[0]
    if (reason := reason_against(method, classifier)) is not None:
        raise NotApplicable(reason)
    for each in asked:
        _check_form(method, each)
    if recipe.granularity == "head":  # refused where none are; the groups of others are there, and take time
        grains.grouping(classifier.module, prunable(classifier.module), recipe.granularity)
    if examples is None:
        _check_without_data(method, recipe)
    elif not len(examples):
        raise BadParameter("The data have no images of a class that this model knows.")
    if method.amount == "zeros" and not method.untrained:
        _check_reachable(classifier, asked)
    return method


def _check_form(method: PruningMethod, recipe: VariantRecipe) -> None:
    if recipe.scope not in method.scopes:
        raise BadParameter(f"{method.label} takes the scopes {', '.join(method.scopes)}; got '{recipe.scope}'.")
    if recipe.granularity not in method.granularities:
        listed = ", ".join(method.granularities)
        raise BadParameter(f"{method.label} takes the granularities {listed}; got '{recipe.granularity}'.")
    grains.check(recipe.sparsity, recipe.granularity)
    if len(recipe.levels) > 1 and method.kind == "change":
        raise BadParameter(f"{method.label} is done in one step; it takes no rounds.")
    if method.trains and recipe.tuning.epochs < 1:
        raise BadParameter(f"{method.label} trains the network: give it one epoch or more for each round.")


def _check_without_data(method: PruningMethod, recipe: VariantRecipe) -> None:
    """What needs images, where there are none."""
    needs = {
        f"{method.label} reads images": method.needs_data,
        "Fine-tuning learns from images": recipe.tuning.epochs > 0,
        "BatchNorm's statistics are taken from images": recipe.recalibrate > 0,
    }
    if reason := next((words for words, needed in needs.items() if needed), None):
        raise BadParameter(f"{reason}, and none were given. Choose a dataset of this model's classes.")


def _check_reachable(classifier: Classifier, asked: Sequence[VariantRecipe]) -> None:
    with classifier.exclusive() as module:
        already = sparsity(weights_of(prunable(module)))
    for recipe in asked:
        if recipe.sparsity < already - 0.001:
            raise BadParameter(
                f"{already:.1%} of the weights of {classifier.name} are zero already; ask for more than that, "
                f"got {recipe.sparsity:.1%}."
            )
