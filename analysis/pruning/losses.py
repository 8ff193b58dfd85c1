"""The loss that pruning looks at, and its gradients at the weights."""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.errors import NotApplicable

Batches = Callable[[], Iterator[tuple[Tensor, Tensor]]]
"""Goes through the examples once more: images (n, C, H, W), labels (n,)."""


def loss(logits: Tensor, labels: Tensor, temperature: float = 1.0) -> Tensor:
    """The cross-entropy of logits (n, L) over the temperature, summed over the batch."""
    if int(labels.max()) >= logits.shape[1] or int(labels.min()) < 0:
        raise NotApplicable(
            f"The images' labels run from {int(labels.min())} to {int(labels.max())}, and the network has "
            f"{logits.shape[1]} classes; choose a dataset with its classes."
        )
    return F.cross_entropy(logits / temperature, labels, reduction="sum")


def gradients(value: Tensor, weights: Mapping[str, Tensor], *, graph: bool = False) -> dict[str, Tensor]:
    """Of a scalar, at each weight; zeros where it does not depend on one. `graph`: to be differentiated again."""
    if not value.requires_grad:
        return {name: torch.zeros_like(weight) for name, weight in weights.items()}
    found = torch.autograd.grad(value, list(weights.values()), create_graph=graph, allow_unused=True)
    return {
        name: torch.zeros_like(weight) if gradient is None else gradient
        for (name, weight), gradient in zip(weights.items(), found, strict=True)
    }


def squares_one_by_one(network: nn.Module, weights: Mapping[str, Tensor], batches: Batches) -> dict[str, Tensor]:
    """Sums over samples of squared gradients, float64, by a pass for each sample: right for any layer, and slow."""
    total = {name: torch.zeros_like(weight, dtype=torch.float64) for name, weight in weights.items()}
    for images, labels in batches():
        for n in range(len(images)):
            part = slice(n, n + 1)
            for name, gradient in gradients(loss(network(images[part]), labels[part]), weights).items():
                total[name] += gradient.double().square()
    return total
