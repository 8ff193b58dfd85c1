"""Fisher-weighted low rank: what the loss feels least is approximated worst (FWSVD, Hsu et al. 2022, eq. 5-7)."""

from typing import Any, Literal

import torch
from torch import Tensor, nn

from analysis.errors import NotApplicable
from analysis.pruning.changes import ChangeTask
from analysis.pruning.factors import budget_for, factorable, matrix, put_factors, ranks
from analysis.pruning.layers import weights_of
from analysis.pruning.registry import PRUNERS
from analysis.pruning.statistics import collect
from models import structures

Side = Literal["inputs", "outputs"]


@PRUNERS.register(
    "change",
    "fwsvd",
    label="Low rank, Fisher-weighted",
    group="low rank and shared weights",
    amount="parameters",
    paper="Hsu, Hua, Chang, Lou, Shen & Jin 2022, eq. 5-7",
    reads="The weights are further from the base's than with plain SVD of the same rank; what counts is the answers.",
    fails="Not better by itself: on the bundled CIFAR network plain SVD keeps more accuracy. With few images, or a "
    "network sure of all of them, the gradients say little.",
    differs="The paper is on language models, and weights the rows of W in x W: the inputs. `outputs` weights the rows "
    "of the matrix as PyTorch keeps it. Convolutions count as matrices of their filters; the head stays whole.",
    scope="global",
    scopes=("global", "layer"),
    granularities=("weight",),
    needs_data=True,
)
def fwsvd(network: nn.Module, task: ChangeTask, *, side: Side = "inputs") -> tuple[nn.Module, dict[str, Any]]:
    """Replace layers by two, the error weighted with the Fisher information of inputs or outputs.

    network (a copy), labelled examples -> the same network with pairs of layers, and how it differs.
    """
    classifier, recipe = task.classifier, task.recipe
    if task.examples is None:
        raise NotApplicable("Fisher-weighted low rank reads labelled images: choose a dataset.")
    layers = factorable(network, classifier)
    budget = budget_for(network, layers, recipe.sparsity, classifier.name)
    taken = collect(network, layers, task.examples, classifier.preprocessing, {"squares"}, report=task.report)
    parts: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]] = {}
    shapes = {}
    for name, weight in weights_of(layers).items():
        scale = importances(taken.squares[name].flatten(1), side)
        u, s, v = torch.linalg.svd(weight.flatten(1).double() * scale, full_matrices=False)
        parts[name] = u, s, v, scale
        shapes[name] = matrix(weight)
    values = {name: part[1] for name, part in parts.items()}
    found = ranks(values, shapes, budget, "energy" if recipe.scope == "global" else "share")
    chosen = {name: rank for name, rank in found.items() if rank < min(shapes[name])}
    put_factors(network, {name: _factors(*parts[name], rank) for name, rank in chosen.items()}, classifier)
    return network, structures.of(classifier, network)


def importances(squares: Tensor, side: Side) -> Tensor:
    """Squared gradients (O, K) -> roots of their sums, (1, K) of the inputs or (O, 1) of the outputs, float64, above 0.

    What no gradient reaches gets a thousandth of the mean, so that the scaling can be undone.
    """
    roots = squares.double().sum(dim=0 if side == "inputs" else 1, keepdim=True).sqrt()
    mean = roots.mean()
    return roots.clamp_min(1e-3 * mean) if mean > 0 else torch.ones_like(roots)


def _factors(u: Tensor, s: Tensor, v: Tensor, scale: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """(O, r) and (r, K), the scaling undone on its own side."""
    root = s[:rank].sqrt()
    left, right = u[:, :rank] * root, root[:, None] * v[:rank]
    return (left, right / scale) if scale.shape[0] == 1 and scale.shape[1] == v.shape[1] else (left / scale, right)
