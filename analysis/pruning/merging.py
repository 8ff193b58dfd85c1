"""Channels that do nearly the same become one: which, and what is left of them (Iterative Feature Merging)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from analysis.pruning.channels import Group, Member

_MAPS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass(frozen=True, slots=True, eq=False)
class Seam:
    """A group made by one layer, perhaps normalised, and read by others."""

    group: Group
    maker: nn.Module
    norm: nn.Module | None
    readers: tuple[Member, ...]


def seams(groups: tuple[Group, ...]) -> list[Seam]:
    """The groups that can be merged. Residual streams, heads and what is scaled on the way are none."""
    found = [_seam(group) for group in groups if all(len(unit) == 1 for unit in group.units)]
    return [seam for seam in found if seam is not None]


def _seam(group: Group) -> Seam | None:
    makers = [m for m in group.members if m.output and isinstance(m.layer, _MAPS)]
    norms = [m for m in group.members if m.output and isinstance(m.layer, _BATCH_NORMS)]
    readers = tuple(m for m in group.members if not m.output and isinstance(m.layer, _MAPS))
    plain = all(getattr(m.layer, "groups", 1) == 1 for m in (*makers, *readers))
    if len(makers) != 1 or len(norms) > 1 or len(makers) + len(norms) + len(readers) != len(group.members):
        return None
    return Seam(group, makers[0].layer, norms[0].layer if norms else None, readers) if plain else None


def merge(seam: Seam, beta: float, most: float) -> list[int]:
    """Merge channels in place, the nearest two first; the numbers of those that are no longer needed.

    Nobody reads them any more: their outgoing weights are zero. The distance of two channels is the squared one of
    incoming weights, BatchNorm folded in, and bias, plus that of their outgoing weights; two merge while theirs is at
    most `beta` times the largest. What is left has the mean of incoming and the sum of outgoing weights, which is
    exact where the incoming are equal, whatever the activation.
    """
    rows, columns = _incoming(seam), _outgoing(seam)
    counts = torch.ones(len(rows), dtype=torch.float64)
    distance = _distances(rows, columns)
    gone: list[int] = []
    while len(gone) < int(most * len(rows)):
        there = torch.isfinite(distance)
        smallest = int(distance.argmin())
        if not bool(there.any()) or float(distance.view(-1)[smallest]) > beta * float(distance[there].max()):
            break
        one, other = sorted(divmod(smallest, len(rows)))
        share = counts[other] / (counts[one] + counts[other])
        for values in (rows, columns):
            values[one] += share * (values[other] - values[one])
        counts[one] += counts[other]
        gone.append(other)
        distance[other], distance[:, other] = torch.inf, torch.inf
        _renew(distance, rows, columns, one)
    if gone:
        _put(seam, rows, columns * counts[:, None], gone, [n for n in range(len(rows)) if float(counts[n]) > 1])
    return gone


def _distances(rows: Tensor, columns: Tensor) -> Tensor:
    exact = "donot_use_mm_for_euclid_dist"  # equal channels are at 0, to the bit
    found = (
        torch.cdist(rows, rows, compute_mode=exact).square()
        + torch.cdist(columns, columns, compute_mode=exact).square()
    )
    return found.fill_diagonal_(torch.inf)


def _renew(distance: Tensor, rows: Tensor, columns: Tensor, one: int) -> None:
    fresh = (rows - rows[one]).square().sum(1) + (columns - columns[one]).square().sum(1)
    fresh[torch.isinf(distance[one])] = torch.inf
    distance[one], distance[:, one] = fresh, fresh


def _incoming(seam: Seam) -> Tensor:
    """(channels, K + 1) float64: weights and bias, as if BatchNorm were part of the layer."""
    weight, bias = _tensor(seam.maker.weight).double().flatten(1), seam.maker.bias
    shift = torch.zeros(len(weight), dtype=torch.float64) if bias is None else _tensor(bias).double()
    if seam.norm is not None:
        scale, mean, beta = _folding(seam.norm)
        weight, shift = weight * scale[:, None], (shift - mean) * scale + beta
    return torch.cat([weight, shift[:, None]], dim=1)


def _folding(norm: nn.Module) -> tuple[Tensor, Tensor, Tensor]:
    """What BatchNorm multiplies by, what it takes off before that, and what it adds after it."""
    mean, variance = _tensor(norm.running_mean).double(), _tensor(norm.running_var).double()
    gamma = torch.ones_like(mean) if norm.weight is None else _tensor(norm.weight).double()
    beta = torch.zeros_like(mean) if norm.bias is None else _tensor(norm.bias).double()
    return gamma / (variance + float(norm.eps)).sqrt(), mean, beta  # pyright: ignore[reportArgumentType]


def _outgoing(seam: Seam) -> Tensor:
    """(channels, M) float64: what the readers multiply each by, all together."""
    return torch.cat([_columns(member) for member in seam.readers], dim=1)


def _columns(member: Member) -> Tensor:
    """(channels, places of each * outputs * ...) float64."""
    return _tensor(member.layer.weight).double().transpose(0, 1)[_places(member)].flatten(1)


def _places(member: Member) -> Tensor:
    """(channels, n): where in the layer each channel is; n above 1 where a map was flattened before it."""
    order = torch.argsort(torch.tensor(member.channels), stable=True)
    return torch.tensor(member.places)[order].reshape(max(member.channels) + 1, -1)


def _put(seam: Seam, rows: Tensor, columns: Tensor, gone: list[int], merged: list[int]) -> None:
    with torch.no_grad():
        for n in merged:
            if n not in gone:
                _put_incoming(seam, n, rows[n])
        columns[gone] = 0.0
        start = 0
        for member in seam.readers:
            places, weight = _places(member), _tensor(member.layer.weight)
            width = places.shape[1] * weight[:, 0].numel()
            own = columns[:, start : start + width].reshape(
                len(places), places.shape[1], *weight.transpose(0, 1).shape[1:]
            )
            touched = torch.tensor(sorted({*merged, *gone}))
            weight.transpose(0, 1)[places[touched]] = own[touched].to(weight.dtype)
            start += width


def _put_incoming(seam: Seam, n: int, row: Tensor) -> None:
    """BatchNorm, where there is one, has nothing left to do but to add."""
    weight, bias = _tensor(seam.maker.weight), seam.maker.bias
    weight[n] = row[:-1].reshape(weight[n].shape).to(weight.dtype)
    if bias is not None:
        _tensor(bias)[n] = 0.0 if seam.norm is not None else row[-1]
    if seam.norm is not None:
        norm = seam.norm
        _tensor(norm.running_mean)[n], _tensor(norm.running_var)[n] = 0.0, 1.0 - float(norm.eps)  # pyright: ignore[reportArgumentType]
        _tensor(norm.weight)[n], _tensor(norm.bias)[n] = 1.0, row[-1]


def _tensor(value: object) -> Tensor:
    assert isinstance(value, Tensor)
    return value.detach()
