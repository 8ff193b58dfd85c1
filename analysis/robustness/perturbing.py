"""What attacks share: gradients of a loss to the images, balls around them, steps.

Each image's loss is its own, so that nothing depends on the batch.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.errors import NotApplicable
from analysis.robustness.draws import Draws
from analysis.robustness.registry import Table

Network = Callable[[Tensor], Tensor]
"""(n, C, H, W) from 0 to 1 -> logits (n, L)."""

Norm = Literal["linf", "l2"]
Loss = Callable[[Tensor, Tensor], Tensor]
"""(logits (n, L), labels (n,)) -> (n,), the larger the better for the attack."""

EPSILONS: Mapping[Norm, Mapping[Table, tuple[float, ...]]] = {
    "linf": {
        "cifar": (0.5 / 255, 1 / 255, 2 / 255, 4 / 255, 8 / 255),
        "tiny": (0.5 / 255, 1 / 255, 2 / 255, 4 / 255, 8 / 255),
        "imagenet": (0.25 / 255, 0.5 / 255, 1 / 255, 2 / 255, 4 / 255),
    },
    "l2": {
        "cifar": (0.05, 0.1, 0.25, 0.5, 1.0),
        "tiny": (0.1, 0.2, 0.5, 1.0, 2.0),
        "imagenet": (0.15, 0.375, 0.75, 1.5, 3.0),
    },
}
"""The radius of the ball at each severity, of all values of an image, pixels from 0 to 1. Of RobustBench are 8/255 and
0.5 at 32 pixels and 4/255 and 3 at 224; undefended networks fall far below."""


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits, labels, reduction="none")


def gradient(
    network: Network, images: Tensor, labels: Tensor, loss: Loss = cross_entropy
) -> tuple[Tensor, Tensor, Tensor]:
    """Of each image's loss to its pixels: (n, C, H, W); with it the losses (n,) and the logits (n, L).

    NotApplicable where the network passes no gradient on.
    """
    given = images.detach().requires_grad_(True)
    logits = network(given)
    if not logits.requires_grad:
        raise NotApplicable("This network passes no gradient on to its images, so it cannot be attacked by gradients.")
    values = loss(logits, labels)
    (found,) = torch.autograd.grad(values.sum(), given)
    return found.detach(), values.detach(), logits.detach()


def lengths(values: Tensor) -> Tensor:
    """L2 norms of images, (n, 1, 1, 1)."""
    return values.flatten(1).norm(dim=1).view(-1, 1, 1, 1)


def steepest(gradient: Tensor, norm: Norm) -> Tensor:
    """The step of length 1 in that norm along which a loss rises most."""
    return gradient.sign() if norm == "linf" else gradient / lengths(gradient).clamp_min(1e-12)


def projected(images: Tensor, around: Tensor, radius: float, norm: Norm) -> Tensor:
    """The nearest images within the ball around others, then cut off at 0 and 1, which leads no further away."""
    change = images - around
    if norm == "linf":
        change = change.clamp(-radius, radius)
    else:
        change = change * (radius / lengths(change).clamp_min(1e-12)).clamp_max(1)
    return (around + change).clamp(0, 1)


def started(images: Tensor, radius: float, norm: Norm, draws: Draws) -> Tensor:
    """A point drawn evenly from each image's ball, cut off at 0 and 1."""
    shape = images.shape[1:]
    if norm == "linf":
        return (images + radius * (2 * draws.uniform(*shape) - 1)).clamp(0, 1)
    direction = steepest(draws.normal(*shape), "l2")
    share = draws.uniform() ** (1 / shape.numel())
    return (images + radius * share.view(-1, 1, 1, 1) * direction).clamp(0, 1)
