"""Angle, length, margin and logit of a class as differentiable functions (Li et al. 2024, "Robustness Lottery").

For a linear head, logits z_c = w_c . x + b_c = |w_c| |x| cos(angle_c) + b_c with the last features x:

    angle  = arccos(w_y . x / |w_y| |x|), radians          length = |x|
    margin = min over j != y of (z_y - z_j) / |w_y - w_j|  logit  = z_y

The same numbers as `passes.geometry`, in float64. The angle is computed as 2 atan2(|u - v|, |u + v|) of the unit
vectors, whose slope stays finite where the cosine is 1 or -1. Another head has no such features: the margin is then
the lead z_y - max z_j in units of the logits, and angle and length are not there.

A number that does not exist (no length, one class, infinite logits) is nan, and its slope 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

NUMBERS = ("angle", "length", "margin", "logit")
WITHOUT_HEAD = ("margin", "logit")
"""What remains where the head is not one linear map."""


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """A linear head in float64."""

    weight: Tensor  # (L, D)
    bias: Tensor  # (L,)

    def apart(self, classes: Tensor) -> Tensor:
        """|w_y - w_j| to all classes: classes (n,) -> (n, L). Subtracted, not expanded: near weights do not cancel."""
        own, places = classes.unique(return_inverse=True)
        distances = torch.stack([(self.weight - self.weight[c]).norm(dim=1) for c in own])
        return distances[places]


def of_features(features: Tensor, head: Directions, classes: Tensor) -> dict[str, Tensor]:
    """features (n, D), classes (n,) int64 -> each of NUMBERS (n,) float64, differentiable by the features."""
    features = features.double()
    logits = features @ head.weight.T + head.bias
    length = torch.linalg.vector_norm(features, dim=1)
    return {
        "angle": _angle(features, head.weight[classes]),
        "length": length,
        "margin": _least_lead(logits, classes, head.apart(classes)),
        "logit": logits.gather(1, classes[:, None])[:, 0],
    }


def of_logits(logits: Tensor, classes: Tensor) -> dict[str, Tensor]:
    """logits (n, L), classes (n,) -> each of WITHOUT_HEAD (n,) float64, differentiable by the logits."""
    logits = logits.double()
    lead = _least_lead(logits, classes, torch.ones_like(logits))
    return {"margin": lead, "logit": logits.gather(1, classes[:, None])[:, 0]}


def slopes(numbers: Mapping[str, Tensor], of: Tensor) -> dict[str, Tensor]:
    """The gradient of each number (n,) by what it was computed from (n, D): (n, D) each, 0 where there is none."""
    found = {}
    for name, values in numbers.items():
        total = torch.where(values.isfinite(), values, 0.0).sum()
        (slope,) = torch.autograd.grad(total, of, retain_graph=True, allow_unused=True)
        found[name] = torch.zeros_like(of) if slope is None else torch.nan_to_num(slope, 0.0, 0.0, 0.0)
    return found


def _angle(features: Tensor, directions: Tensor) -> Tensor:
    """(n, D) each -> (n,), nan where either has no length."""
    lengths, own = features.norm(dim=1), directions.norm(dim=1)
    there = (lengths > 0) & (own > 0) & lengths.isfinite()
    unit = features / torch.where(there, lengths, 1.0)[:, None]
    way = directions / torch.where(there, own, 1.0)[:, None]
    angle = 2 * torch.atan2((unit - way).norm(dim=1), (unit + way).norm(dim=1))
    return torch.where(there, angle, torch.nan)


def _least_lead(logits: Tensor, classes: Tensor, apart: Tensor) -> Tensor:
    """min over j of (z_y - z_j) / apart_j: logits, apart (n, L) -> (n,), nan where no boundary exists."""
    ahead = logits.gather(1, classes[:, None]) - logits
    # equal weights have no boundary between them: whoever has the larger bias is ahead everywhere
    there = (apart > 0).scatter(1, classes[:, None], False)
    distance = torch.where(there, ahead / torch.where(there, apart, 1.0), torch.inf)
    least = distance.min(dim=1).values
    beaten = ((apart == 0) & (ahead < 0)).any(dim=1)
    known = there.any(dim=1) & ~beaten & logits.isfinite().all(dim=1)
    return torch.where(known, least, torch.nan)
