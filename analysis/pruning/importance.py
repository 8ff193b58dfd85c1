"""How much the channels of a group matter, all layers that have them taken together.

As Torch-Pruning does: each side of each layer says something of every channel, these are averaged, and divided by
their mean, so that groups can be compared.
"""

from collections.abc import Callable, Iterator
from typing import Literal

import torch
from torch import Tensor, nn

from analysis.pruning.channels import Group, Member

Importance = Literal["l1", "l2", "geometric_median", "bn_scale", "taylor", "random"]
Gradients = Callable[[nn.Module], Tensor | None]
"""A layer -> the gradient at its weight."""

_MAPS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.Linear)
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_NORMS = (*_BATCH_NORMS, nn.LayerNorm, nn.GroupNorm)


def channel_importance(
    group: Group, kind: Importance, *, gradients: Gradients | None = None, generator: torch.Generator | None = None
) -> Tensor | None:
    """(channels,) float64, larger matters more, 1 in the mean; None where the kind has nothing to say of the group.

    `gradients` for taylor, `generator` for random.
    """
    if kind == "random":
        return torch.rand(group.channels, generator=generator, dtype=torch.float64)
    total, said = torch.zeros(group.channels, dtype=torch.float64), 0
    for member in group.members:
        for values in _said(member, kind, gradients):
            total.index_add_(0, torch.tensor(member.channels), values.cpu())
            said += 1
    if not said:
        return None
    mean = total.mean()
    return total / mean if mean > 0 else total


def _said(member: Member, kind: Importance, gradients: Gradients | None) -> Iterator[Tensor]:
    """(places,) of one member, or nothing."""
    layer, weight = member.layer, getattr(member.layer, "weight", None)
    wanted = {"bn_scale": _BATCH_NORMS, "geometric_median": _MAPS}.get(kind, (*_MAPS, *_NORMS))
    if (
        not isinstance(weight, Tensor)
        or not isinstance(layer, wanted)
        or (isinstance(layer, _NORMS) and not member.output)
    ):
        return
    own = _rows(layer, weight, member)
    if kind == "taylor":
        gradient = gradients(layer) if gradients else None
        if gradient is not None:
            yield (own * _rows(layer, gradient, member)).abs().sum(1)
    elif kind == "geometric_median":
        yield torch.cdist(own, own, compute_mode="donot_use_mm_for_euclid_dist").sum(1)
    else:
        yield own.square().sum(1) if kind == "l2" else own.abs().sum(1)


def _rows(layer: nn.Module, weight: Tensor, member: Member) -> Tensor:
    """(places, n) float64: what of a weight belongs to each of the member's places."""
    weight = weight.detach().double()
    if not isinstance(layer, _MAPS):
        return weight.reshape(-1, 1)[list(member.places)]
    transposed = isinstance(layer, nn.ConvTranspose2d)
    if member.output == transposed:  # the channels are on the second axis
        weight = weight.transpose(0, 1)
        if not transposed:
            weight = weight.repeat(getattr(layer, "groups", 1), *[1] * (weight.ndim - 1))
    return weight.flatten(1)[list(member.places)]
