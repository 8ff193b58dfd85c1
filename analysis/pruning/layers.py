"""What can be pruned in a network: the weights of its convolutions and linear maps."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from analysis.errors import NotApplicable

PRUNABLE = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_FLOATS = (torch.float32, torch.float64, torch.bfloat16, torch.float16)


def prunable(network: nn.Module, what: str = "This network") -> dict[str, nn.Module]:
    """The layers whose weights can be zeroed, by name, in the order of the modules; each weight once.

    NotApplicable where there are none: quantised weights, or a network of other parts.
    """
    found: dict[str, nn.Module] = {}
    seen: set[int] = set()
    for name, module in network.named_modules():
        weight = getattr(module, "weight", None)
        if not isinstance(module, PRUNABLE) or not isinstance(weight, Tensor) or id(weight) in seen:
            continue
        if weight.dtype in _FLOATS:
            found[name] = module
            seen.add(id(weight))
    if not found:
        raise NotApplicable(
            f"{what} has no layer that can be pruned: that takes convolutions or linear maps with floating-point "
            "weights. A quantised variant has none; prune its parent instead."
        )
    return found


def weights_of(layers: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Their weights, detached, float32; not copied where they are that already."""
    return {name: weight_of(module).detach().float() for name, module in layers.items()}


def weight_of(module: nn.Module) -> Tensor:
    """A layer's own weight, not a copy."""
    weight = module.weight
    assert isinstance(weight, Tensor)
    return weight


def put(layers: Mapping[str, nn.Module], masks: Mapping[str, Tensor]) -> None:
    """Zero what the masks (bool, True stays) leave out; in place, and to +0, so that files keep the very bits."""
    with torch.no_grad():
        for name, mask in masks.items():
            weight_of(layers[name]).masked_fill_(~mask.to(weight_of(layers[name]).device), 0.0)


def count_zeros(weight: Tensor) -> int:
    """How many of its numbers are zero."""
    return weight.numel() - int(torch.count_nonzero(weight))


def sparsity(weights: Mapping[str, Tensor]) -> float:
    """The fraction of zeros among them."""
    total = sum(w.numel() for w in weights.values())
    return sum(map(count_zeros, weights.values())) / total if total else 0.0
