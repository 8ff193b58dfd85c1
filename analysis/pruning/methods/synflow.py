"""SynFlow: each weight's part in what flows from input to output (Tanaka et al. 2020, eq. 3 and algorithm 1)."""

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from analysis.pruning import flow
from analysis.pruning.registry import PRUNERS
from analysis.registry import Range


@PRUNERS.register(
    "flow",
    "synflow",
    label="SynFlow",
    group="no data",
    paper="Tanaka, Kunin, Yamins & Ganguli 2020, eq. 3, algorithm 1",
    reads="Weights on strong paths stay; pruning in many rounds keeps every layer connected at extreme sparsity.",
    fails="It sees the sum of all paths, not which of them carry an answer: at moderate sparsity magnitude is better.",
    differs="Biases are zero and BatchNorm is the identity, so that each layer's scores add up to the same flow; the "
    "authors' code takes absolute values of biases and of BatchNorm's statistics.",
    scopes=("global",),
    applies=flow.reason_against,
)
def synflow(
    network: nn.Module, layers: Sequence[str], image: Tensor, *, rounds: Annotated[int, Range(1, 1000)] = 100
) -> dict[str, Tensor]:
    """Score weights by the flow that passes through them.

    network: linear, of absolute weights; image (1, C, H, W) of ones -> w dR/dw of the weights' shapes, R being the sum
    of the outputs. `rounds` is read by who asks: it is asked once in each.
    """
    weights = [network.get_submodule(name).get_parameter("weight").requires_grad_() for name in layers]
    with torch.enable_grad():
        flows = torch.autograd.grad(network(image).sum(), weights, allow_unused=True)
    return {
        name: torch.zeros_like(weight) if part is None else (weight * part).detach()
        for name, weight, part in zip(layers, weights, flows, strict=True)
    }
