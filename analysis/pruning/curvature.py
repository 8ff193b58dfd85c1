"""The Hessian of the loss times its gradient, without the Hessian (Pearlmutter 1994), for GraSP.

Two passes over the examples: the gradient of the whole, then for each batch the gradient of (its own gradient . that).
The logits are divided by 200 first, as the code of Wang et al. 2020 does: it flattens the softmax, which keeps the
curvature from vanishing on samples that the network is sure of.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from analysis.pruning.losses import Batches, gradients, loss

TEMPERATURE = 200.0


def products(network: nn.Module, weights: Mapping[str, Tensor], batches: Batches, samples: int) -> dict[str, Tensor]:
    """H g of the mean loss over the samples, in the weights' shapes, float32."""
    with sdpa_kernel(SDPBackend.MATH):  # the fast forms of attention cannot be differentiated twice
        whole = _summed(network, weights, batches, samples)
        total = {name: torch.zeros_like(w, dtype=torch.float64) for name, w in weights.items()}
        for images, labels in batches():
            own = gradients(loss(network(images), labels, TEMPERATURE), weights, graph=True)
            along = torch.stack([(own[name] * whole[name]).sum() for name in weights]).sum()
            for name, product in gradients(along, weights).items():
                total[name] += product
    return {name: (value / samples).float() for name, value in total.items()}


def _summed(network: nn.Module, weights: Mapping[str, Tensor], batches: Batches, samples: int) -> dict[str, Tensor]:
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for images, labels in batches():
        for name, gradient in gradients(loss(network(images), labels, TEMPERATURE), weights).items():
            total[name] += gradient / samples
    return total
