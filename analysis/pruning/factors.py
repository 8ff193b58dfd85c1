"""Layers as products of two smaller ones: how large the products are, and putting them in place.

A convolution counts as the matrix of its filters, (outputs, inputs * height * width). A layer of rank r costs
r * (outputs + inputs * height * width) weights; it stays whole where that is no less than it has.
"""

from collections.abc import Mapping
from typing import Literal, cast

import torch
from torch import Tensor, nn

from analysis.errors import NotApplicable
from analysis.pruning.layers import prunable, weights_of
from models import low_rank
from models.classifier import Classifier
from models.dry_run import dry_run
from models.errors import ModelError

Balance = Literal["energy", "share"]
Matrices = Mapping[str, Tensor]


def factorable(network: nn.Module, classifier: Classifier) -> dict[str, nn.Module]:
    """The layers that can be two: plain convolutions and linear maps, but for the head and what is two already."""
    pairs = [name for name, module in network.named_modules() if isinstance(module, low_rank.LowRank)]
    head = classifier.head.name if classifier.head else None
    return {
        name: layer
        for name, layer in prunable(network, classifier.name).items()
        if low_rank.fits(layer) and name != head and name.rpartition(".")[0] not in pairs
    }


def ranks(values: Matrices, shapes: Mapping[str, tuple[int, int]], budget: int, balance: Balance) -> dict[str, int]:
    """Layer -> rank, at least 1; the layer's full rank where it stays whole. The costs stay within the budget.

    values: singular values of each, falling. "energy": directions are taken by their part of their layer's sum of
    squares; "share": so that every layer has the same share of its weights. Empty where not even rank 1 fits.
    """
    found = dict.fromkeys(shapes, 1)
    spent = sum(cost(shape, 1) for shape in shapes.values())
    if spent > budget:
        return {}
    for name in _in_turn(values, shapes, balance):
        more = cost(shapes[name], found[name] + 1) - cost(shapes[name], found[name])
        if spent + more <= budget:
            found[name] += 1
            spent += more
    return {n: min(shapes[n]) if cost(shapes[n], r) == shapes[n][0] * shapes[n][1] else r for n, r in found.items()}


def cost(shape: tuple[int, int], rank: int) -> int:
    """Weights of a layer of a rank, or of the whole layer where that is no more."""
    return min(rank * (shape[0] + shape[1]), shape[0] * shape[1])


def _in_turn(values: Matrices, shapes: Mapping[str, tuple[int, int]], balance: Balance) -> list[str]:
    """The layers' directions after the first, the most wanted first, each by its layer's name."""
    wanted: list[tuple[float, str]] = []
    for name, own in values.items():
        energy = own.double().square() / own.double().square().sum().clamp_min(1e-300)
        for place in range(1, len(own)):
            share = -cost(shapes[name], place + 1) / (shapes[name][0] * shapes[name][1])
            wanted.append((float(energy[place]) if balance == "energy" else share, name))
    return [name for _, name in sorted(wanted, key=lambda one: -one[0])]


def budget_for(network: nn.Module, layers: Mapping[str, nn.Module], share: float, what: str) -> int:
    """The weights that the layers may have, so that the share of all the network's prunable weights goes."""
    weights = weights_of(prunable(network))
    total = sum(w.numel() for w in weights.values())
    others = total - sum(weights[name].numel() for name in layers)
    least = sum(cost(matrix(weights[name]), 1) for name in layers)
    if not layers or (1 - share) * total < others + least:
        most = 1 - (others + least) / total
        raise NotApplicable(
            f"{what}: {share:.1%} of the weights are to go, and lower ranks can take {most:.1%} at most. "
            "The head, layers with groups and layers that are two already stay as they are."
        )
    return round((1 - share) * total) - others


def matrix(weight: Tensor) -> tuple[int, int]:
    return len(weight), weight[0].numel()


def put_factors(network: nn.Module, factors: Mapping[str, tuple[Tensor, Tensor]], classifier: Classifier) -> None:
    """Layers give way to two, with weights (O, r) and (r, K). NotApplicable where the network does not run after it."""
    for name, (left, right) in factors.items():
        layer = network.get_submodule(name)
        pair = low_rank.low_rank(layer, right.shape[0])
        first, second = cast(nn.Linear | nn.Conv2d, pair[0]), cast(nn.Linear | nn.Conv2d, pair[1])
        with torch.no_grad():
            first.weight.copy_(right.reshape(first.weight.shape))
            second.weight.copy_(left.reshape(second.weight.shape))
            if second.bias is not None:
                second.bias.copy_(cast(Tensor, layer.bias))
        owner, _, last = name.rpartition(".")
        setattr(network.get_submodule(owner), last, pair)
    try:
        dry_run(network, classifier.preprocessing)
    except ModelError as error:
        raise NotApplicable(f"{classifier.name}: its layers cannot be replaced by two. {error}") from error
