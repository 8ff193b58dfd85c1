"""From how much of each layer's weights should stay to how many of each layer's channels (PreCrop)."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from analysis.pruning.channels import Channels, Group
from analysis.pruning.layers import prunable, weights_of


def crop(found: Channels, densities: Mapping[str, float], density: float) -> None:
    """Take channels off a network of random weights, in place: those that are left keep their draw, scaled.

    densities: of each layer's weights; density: of all of them, which is met as nearly as whole channels allow. The
    weights are drawn for as many inputs as there were, so they grow by the root of the ratio.
    """
    before = {name: w[0].numel() for name, w in weights_of(prunable(found.network)).items()}
    left = widths(found.groups, weights_of(prunable(found.network)), densities, density)
    found.remove({g: range(count, len(g.units)) for g, count in left.items()})
    with torch.no_grad():
        for name, layer in prunable(found.network).items():
            weight = layer.weight
            assert isinstance(weight, Tensor)
            weight *= (before[name] / weight[0].numel()) ** 0.5


def widths(
    groups: Sequence[Group], weights: Mapping[str, Tensor], densities: Mapping[str, float], density: float
) -> dict[Group, int]:
    """Group -> units that stay, at least 1.

    With c for the share of a group's channels, a layer keeps c_in * c_out of its weights. The logarithms of c are the
    least-squares solution of log c_in + log c_out = log p over all layers, each weighted with its size, none above 0;
    then all are moved together until the weights left are those asked for.
    """
    logs = _logs(groups, weights, densities)
    target = density * sum(w.numel() for w in weights.values()) * (1 + 1e-9)  # met exactly is met
    low, high = float(np.log(1e-4)), -float(logs.min())
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if _left(groups, weights, _counts(groups, logs + middle)) <= target else (low, middle)
        )
    return dict(zip(groups, _counts(groups, logs + low), strict=True))


def _logs(groups: Sequence[Group], weights: Mapping[str, Tensor], densities: Mapping[str, float]) -> np.ndarray:
    from scipy.optimize import lsq_linear

    place = {(m.name, m.output): i for i, group in enumerate(groups) for m in group.members}
    rows, wanted = [], []
    for name, weight in weights.items():
        row = np.zeros(len(groups))
        for output in (False, True):
            if (name, output) in place:
                row[place[name, output]] += 1
        size = weight.numel() ** 0.5
        rows.append(row * size)
        wanted.append(size * np.log(max(densities[name], 1e-4)))
    return lsq_linear(np.array(rows), np.array(wanted), bounds=(-np.inf, 0)).x


def _counts(groups: Sequence[Group], logs: np.ndarray) -> list[int]:
    shares = np.exp(np.minimum(logs, 0.0))
    return [max(1, round(float(share) * len(g.units))) for g, share in zip(groups, shares, strict=True)]


def _left(groups: Sequence[Group], weights: Mapping[str, Tensor], counts: Sequence[int]) -> float:
    """Weights of all layers once so many units stay."""
    shares: dict[tuple[str, bool], float] = {}
    for group, count in zip(groups, counts, strict=True):
        for member in group.members:
            sides = shares.get((member.name, member.output), 1.0)
            size = len(member.places) / _side(member.layer, member.output)  # a part of it, after a concatenation
            shares[member.name, member.output] = sides - size * (1 - count / len(group.units))
    return sum(w.numel() * shares.get((n, False), 1.0) * shares.get((n, True), 1.0) for n, w in weights.items())


def _side(layer: nn.Module, output: bool) -> int:
    names = ("out_channels", "out_features") if output else ("in_channels", "in_features")
    return next((int(n) for name in names if (n := getattr(layer, name, None)) is not None), 1)
