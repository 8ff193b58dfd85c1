"""From scores to masks: which weights go, so that a fraction of all of them is zero. One sort serves every sparsity.

The fraction is exact to one weight, or to one group where weights go together; of equal scores those that come last
go first. Where only some layers are cut (attention heads), the fraction is of their weights.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from analysis.pruning import densities
from analysis.pruning.granularity import Grouping
from models.variant import Scope

Masks = dict[str, Tensor]
"""Layer -> bool, of its weight's shape; True stays."""


def masks(
    scores: Mapping[str, Tensor],
    sparsities: Sequence[float],
    *,
    scope: Scope = "global",
    groups: Grouping | None = None,
) -> list[Masks]:
    """A mask for each sparsity, from scores of the weights' shapes: larger matters more.

    BadParameter where the scope cannot reach a sparsity, see densities.py.
    """
    if groups is None:
        flat = {name: score.detach().float().cpu().reshape(-1).numpy() for name, score in scores.items()}
        found = _each(flat, {n: s.shape for n, s in scores.items()}, sparsities, scope)
        return [
            {name: torch.from_numpy(stays).reshape(scores[name].shape) for name, stays in each.items()}
            for each in found
        ]
    pooled = groups.pooled(scores).numpy()
    shapes = {name: scores[name].shape for name in groups.numbers}
    return [groups.masks(torch.from_numpy(stays)) for stays in _groups(pooled, groups, shapes, sparsities, scope)]


def _each(
    flat: Mapping[str, np.ndarray], shapes: Mapping[str, Sequence[int]], sparsities: Sequence[float], scope: Scope
) -> list[dict[str, np.ndarray]]:
    """Where each weight is its own."""
    if scope == "global":
        whole = np.concatenate(list(flat.values()))
        ends = np.cumsum([len(part) for part in flat.values()])[:-1]
        kept = _kept(whole, [round(s * len(whole)) for s in sparsities])
        return [dict(zip(flat, np.split(k, ends), strict=True)) for k in kept]
    counts = [_counts(shapes, s, scope) for s in sparsities]
    by_layer = {name: _kept(part, [c[name] for c in counts]) for name, part in flat.items()}
    return [{name: kept[i] for name, kept in by_layer.items()} for i in range(len(sparsities))]


def _counts(shapes: Mapping[str, Sequence[int]], sparsity: float, scope: Scope) -> dict[str, int]:
    """Zeros of each layer; what rounding leaves over goes to the next."""
    found, carry = {}, 0.0
    for name, share in densities.sparsities(shapes, sparsity, scope).items():
        size = int(np.prod(shapes[name]))
        wanted = share * size + carry
        found[name] = min(max(round(wanted), 0), size)
        carry = wanted - found[name]
    return found


def _kept(scores: np.ndarray, zeros: Sequence[int]) -> list[np.ndarray]:
    """For each number of zeros, which of the scores (n,) stay: (n,) bool."""
    inner = sorted({z for z in zeros if 0 < z < len(scores)})
    parted = np.partition(scores, [z - 1 for z in inner]) if inner else scores
    found = []
    for count in zeros:
        if count <= 0 or count >= len(scores):
            found.append(np.full(len(scores), count <= 0))
            continue
        threshold = parted[count - 1]
        stays = scores > threshold
        lacking = len(scores) - count - int(np.count_nonzero(stays))
        if lacking:
            stays[np.flatnonzero(scores == threshold)[:lacking]] = True
        found.append(stays)
    return found


def _groups(
    pooled: np.ndarray,
    groups: Grouping,
    shapes: Mapping[str, Sequence[int]],
    sparsities: Sequence[float],
    scope: Scope,
) -> list[np.ndarray]:
    """For each sparsity which groups stay: (G,) bool."""
    sizes, owners = groups.sizes.numpy(), groups.owners.numpy()
    order = np.argsort(pooled, kind="stable")
    if scope == "global":
        return [_nearest(order, sizes, s * groups.total)[0] for s in sparsities]
    own = [order[owners[order] == place] for place in range(len(shapes))]
    found = []
    for sparsity in sparsities:
        stays, carry = np.ones(len(pooled), dtype=bool), 0.0
        of_these = min(sparsity * groups.total / sizes.sum(), 1.0)
        for layer, share in zip(own, densities.sparsities(shapes, of_these, scope).values(), strict=True):
            wanted = share * sizes[layer].sum() + carry
            kept, reached = _nearest(layer, sizes, wanted)
            stays &= kept
            carry = wanted - reached
        found.append(stays)
    return found


def _nearest(order: np.ndarray, sizes: np.ndarray, wanted: float) -> tuple[np.ndarray, float]:
    """Groups go in this order until as many weights as wanted are gone, or nearly: which stay, and how many went."""
    gone = np.concatenate([[0], np.cumsum(sizes[order])])
    number = int(np.abs(gone - wanted).argmin())
    stays = np.ones(len(sizes), dtype=bool)
    stays[order[:number]] = False
    return stays, float(gone[number])
