"""Channels really removed: layers become narrower, so that parameters, multiplications and time fall.

Which channels must go together is found by Torch-Pruning's dependency graph (Fang, Ma, Song, Mi & Wang, "DepGraph:
Towards Any Structural Pruning", 2023), see channels.py.
"""

from typing import Annotated, Any

import torch
from torch import Tensor, nn

from analysis.errors import NotApplicable
from analysis.pruning.changes import ChangeTask
from analysis.pruning.channels import Channels, Group
from analysis.pruning.importance import Importance, channel_importance
from analysis.pruning.losses import loss
from analysis.pruning.registry import COARSE, PRUNERS
from analysis.registry import Range
from models import structures

_BATCH = 64


@PRUNERS.register(
    "change",
    "structured",
    label="Channels removed",
    group="channels removed",
    amount="channels",
    paper="Fang, Ma, Song, Mi & Wang 2023 (DepGraph); importance by Li et al. 2017 (l1, l2), He et al. 2019 "
    "(geometric median), Liu et al. 2017 (BatchNorm scale), Molchanov et al. 2019 (Taylor)",
    reads="The share p is of channels: a layer between two others that are cut loses about 1 - (1 - p)^2 of its "
    "weights, three quarters at p = 0.5. The network is smaller and faster on any device, without sparse kernels.",
    fails="Without tuning, accuracy falls at shares at which single weights could still go unnoticed.",
    differs="A group's importance is the mean over all layers that share its channels, over the group's mean, as in "
    "Torch-Pruning. Its Taylor importance leaves out BatchNorm, its geometric median takes distances between |w|^p, "
    "and its global threshold skips layers it would empty; here BatchNorm counts, distances are between weights, "
    "and every group keeps at least one channel. Shortcuts that pad with zeros couple nothing; attention loses heads.",
    scope="layer",
    scopes=("layer", "global"),
    granularities=COARSE,
)
def structured(
    network: nn.Module,
    task: ChangeTask,
    *,
    importance: Importance = "l2",
    round_to: Annotated[int, Range(1, 64)] = 1,
) -> tuple[nn.Module, dict[str, Any]]:
    """Remove the channels that matter least.

    network (a copy) -> the same network, narrower, and how it differs from its architecture. `round_to`: channels
    left are a multiple of it where a group has that many. `taylor` reads the examples' labels.
    """
    classifier, recipe = task.classifier, task.recipe
    found = Channels(network, classifier.preprocessing, classifier.name)
    gradients = _gradients(network, task) if importance == "taylor" else {}
    generator = torch.Generator().manual_seed(recipe.seed)
    scores: dict[Group, Tensor] = {}
    for place, group in enumerate(found.groups):
        task.report(place / len(found.groups), "Comparing channels")
        values = channel_importance(group, importance, gradients=gradients.get, generator=generator)
        if values is not None:
            scores[group] = group.of_units(values)
    if not scores:
        raise NotApplicable(f"{classifier.name} has no BatchNorm whose scale could tell which channels matter.")
    found.remove(chosen(scores, recipe.sparsity, together=recipe.scope == "global", round_to=round_to))
    return network, structures.of(classifier, network)


def chosen(scores: dict[Group, Tensor], ratio: float, *, together: bool, round_to: int = 1) -> dict[Group, list[int]]:
    """Units to go of each group: those of the lowest score, in their order.

    scores (units,) each; `together`: one threshold for all groups, which keep their best unit in any case.
    """
    counts = _together(scores, ratio) if together else {g: _share(len(s), ratio) for g, s in scores.items()}
    gone = {}
    for group, values in scores.items():
        count = _rounded(group, counts[group], round_to)
        order = torch.argsort(values, stable=True)
        gone[group] = sorted(order[:count].tolist())
    return gone


def _share(units: int, ratio: float) -> int:
    """How many of so many go; at least one stays. As in Torch-Pruning, what stays is rounded down."""
    return min(units - 1, units - int(units * (1 - ratio) + 1e-6))


def _together(scores: dict[Group, Tensor], ratio: float) -> dict[Group, int]:
    safe = []
    for values in scores.values():
        values = values.clone()
        values[values.argmax()] = torch.inf
        safe.append(values)
    every = torch.cat(safe)
    count = min(_share(len(every), ratio), int(torch.isfinite(every).sum()))
    going = torch.zeros(len(every), dtype=torch.bool)
    going[torch.argsort(every, stable=True)[:count]] = True
    parts = going.split([len(values) for values in safe])
    return {group: int(part.sum()) for group, part in zip(scores, parts, strict=True)}


def _rounded(group: Group, gone: int, round_to: int) -> int:
    """So that what stays is a multiple, the nearest (of two as near, the larger); heads go as they are."""
    size = len(group.units[0])
    stay = (len(group.units) - gone) * size
    if round_to == 1 or round_to % size or group.channels < round_to:
        return gone
    wanted = max(round_to, (stay + round_to // 2) // round_to * round_to)
    return len(group.units) - min(wanted, group.channels) // size


def _gradients(network: nn.Module, task: ChangeTask) -> dict[nn.Module, Tensor]:
    """Layer -> gradient of the mean loss over the examples at its weight."""
    if task.examples is None:
        raise NotApplicable("Taylor importance reads labelled images: choose a dataset, or another importance.")
    layers = {m: w for m in network.modules() if isinstance(w := getattr(m, "weight", None), nn.Parameter)}
    total = {m: torch.zeros_like(w, dtype=torch.float64) for m, w in layers.items()}
    network.eval().requires_grad_(True)
    device = next(network.parameters()).device
    with torch.inference_mode(False), torch.enable_grad():
        for images, labels in task.examples.batches(_BATCH, task.classifier.preprocessing, device):
            task.report(0, "Measuring gradients")
            found = torch.autograd.grad(loss(network(images), labels), [*layers.values()], allow_unused=True)
            for layer, gradient in zip(layers, found, strict=True):
                if gradient is not None:
                    total[layer] += gradient
    network.requires_grad_(False)
    return {layer: summed / len(task.examples) for layer, summed in total.items()}
