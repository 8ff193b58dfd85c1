"""Low rank: each layer becomes two, with few channels between them (PELA, Guo et al. 2024, before its training).

The best approximation of a rank in the Frobenius norm (Eckart & Young 1936); the roots of the singular values go to
both sides.
"""

from typing import Any

import torch
from torch import nn

from analysis.pruning.changes import ChangeTask
from analysis.pruning.factors import budget_for, factorable, matrix, put_factors, ranks
from analysis.pruning.layers import weights_of
from analysis.pruning.registry import PRUNERS
from models import structures


@PRUNERS.register(
    "change",
    "svd",
    label="Low rank (SVD)",
    group="low rank and shared weights",
    amount="parameters",
    paper="Guo et al. 2024 (PELA); Eckart & Young 1936",
    reads="The share is of the weights that go. Layers whose filters are much alike bear a low rank best.",
    fails="Trained convolutions are seldom of low rank: without tuning, half the weights are often too many.",
    differs="PELA trains the small network on with the base's features; here tuning with distillation does that. The "
    "head stays whole. Scope `layer`: every layer keeps the same share; `global`: directions stay by their part of "
    "their layer's energy.",
    scope="global",
    scopes=("global", "layer"),
    granularities=("weight",),
)
def svd(network: nn.Module, task: ChangeTask) -> tuple[nn.Module, dict[str, Any]]:
    """Replace layers by two of the best rank that the weights allow.

    network (a copy) -> the same network with pairs of layers, and how it differs from its architecture.
    """
    classifier, recipe = task.classifier, task.recipe
    layers = factorable(network, classifier)
    budget = budget_for(network, layers, recipe.sparsity, classifier.name)
    parts, shapes = {}, {}
    for place, (name, weight) in enumerate(weights_of(layers).items()):
        task.report(place / len(layers), f"Taking apart {name}")
        parts[name] = torch.linalg.svd(weight.flatten(1), full_matrices=False)
        shapes[name] = matrix(weight)
    values = {name: s for name, (_, s, _) in parts.items()}
    found = ranks(values, shapes, budget, "energy" if recipe.scope == "global" else "share")
    factors = {}
    for name, rank in found.items():
        if rank < min(shapes[name]):
            u, s, v = parts[name]
            root = s[:rank].sqrt()
            factors[name] = (u[:, :rank] * root, root[:, None] * v[:rank])
    put_factors(network, factors, classifier)
    return network, structures.of(classifier, network)
