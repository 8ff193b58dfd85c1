"""LAMP: magnitude made comparable between layers (Lee et al. 2021, eq. 4).

A weight's score is its square over the sum of squares of all weights of its layer that are not smaller. The largest of
each layer scores 1, so that no layer is emptied before all others are down to one weight.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from analysis.pruning.registry import PRUNERS


@PRUNERS.register(
    "weights",
    "lamp",
    label="LAMP",
    group="no data",
    paper="Lee, Park, Mo, Ahn & Shin 2021, eq. 4",
    reads="One threshold for all layers, on sizes that are set off against what is left of their layer.",
    fails="It knows nothing of data: a large weight on a silent input stays.",
)
def lamp(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Score weights by their share of the energy of what is left once all smaller ones are gone.

    weights (any shapes) -> w_i^2 / sum of w_j^2 over |w_j| >= |w_i|, in [0, 1], of the same shapes; computed in
    float64. Of equal weights each counts those behind it in the order of a stable sort, as the authors' code does.
    """
    return {name: _shares(weight) for name, weight in weights.items()}


def _shares(weight: Tensor) -> Tensor:
    squares = weight.double().square().reshape(-1)
    ascending, order = squares.sort(stable=True)
    left = ascending.flip(0).cumsum(0).flip(0)
    shares = torch.zeros_like(squares)
    shares[order] = torch.where(ascending > 0, ascending / left, 0)
    return shares.reshape(weight.shape).float()
