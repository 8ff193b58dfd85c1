"""How much each weight matters, by any method that scores: what it reads is taken, and the method is asked.

Earlier zeros are scored like other weights: who prunes in rounds keeps them.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from analysis.errors import MethodError, NotApplicable
from analysis.pruning import flow, statistics
from analysis.pruning.examples import Examples
from analysis.pruning.layers import weights_of
from analysis.pruning.registry import PruningMethod
from analysis.registry import Scalar
from analysis.types import Report
from models.classifier import Classifier
from models.variant import Granularity

SCORING = ("weights", "scales", "gradients", "squares", "curvature", "inputs", "outputs", "flow")
_READS = {
    "gradients": "gradients",
    "squares": "squares",
    "curvature": "products",
    "inputs": "norms",
    "outputs": "fractions",
}


def scores(
    method: PruningMethod,
    params: Mapping[str, Scalar],
    network: nn.Module,
    layers: Mapping[str, nn.Module],
    classifier: Classifier,
    examples: Examples | None,
    recipe_seed: int,
    sparsity: float,
    report: Report,
    *,
    granularity: Granularity = "weight",
) -> dict[str, Tensor]:
    """Ask a method what matters in a network, which may be pruned in part already; the network stays as it is.

    layers: the network's, from `prunable` -> scores of the weights' shapes, float32, on their device; larger matters
    more. `classifier` is the base: it says how images enter, and whether the method can serve. A method's `seed` of 0
    stands for the recipe's. `sparsity` and `granularity` are what methods with rounds of their own aim for.
    """
    if method.kind not in SCORING:
        raise MethodError(f"{method.label} gives no scores; it is a method of kind '{method.kind}'.")
    if (reason := refusal(method, classifier, examples)) is not None:
        raise NotApplicable(reason)
    bound = _seeded(method.bound(params), recipe_seed)
    if method.kind == "flow":
        found = flow.scores(
            method.function, bound, network, classifier.preprocessing, sparsity, granularity=granularity, report=report
        )
    else:
        with torch.no_grad():
            found = method.function(*_read(method, network, layers, classifier, examples, report), **bound)
    return {name: _finite(method, name, found[name]) for name in layers}


def refusal(method: PruningMethod, classifier: Classifier, examples: Examples | None) -> str | None:
    """Why a method cannot serve a classifier with these images, or None."""
    if method.needs_data and not examples:
        return f"{method.label} reads images, and none were given; choose a dataset for it."
    return method.applies(classifier) if method.applies else None


def _seeded(bound: dict[str, Scalar], seed: int) -> dict[str, Scalar]:
    return bound | {"seed": bound["seed"] or seed} if "seed" in bound else bound


def _read(
    method: PruningMethod,
    network: nn.Module,
    layers: Mapping[str, nn.Module],
    classifier: Classifier,
    examples: Examples | None,
    report: Report,
) -> tuple[Mapping[str, Tensor], ...]:
    """The positional arguments of a method, as the registry's table says."""
    weights = weights_of(layers)
    if method.kind == "weights":
        return (weights,)
    if method.kind == "scales":
        return weights, statistics.scales(network, layers, classifier.preprocessing)
    if examples is None:
        raise NotApplicable(f"{method.label} reads images, and none were given; choose a dataset for it.")
    kind = _READS[method.kind]
    found = statistics.collect(network, layers, examples, classifier.preprocessing, {kind}, report=report)
    return weights, getattr(found, kind)


def _finite(method: PruningMethod, name: str, score: Tensor) -> Tensor:
    if score.numel() and not bool(torch.isfinite(torch.stack(torch.aminmax(score))).all()):
        raise NotApplicable(
            f"{method.label} gives no finite scores for layer '{name}' of this network. Its weights may hold values "
            "that are not numbers, or be far too large; choose a method that reads less."
        )
    return score.float()
