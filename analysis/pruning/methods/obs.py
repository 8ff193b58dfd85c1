"""Optimal brain surgeon in one shot: weights go where the others can make up for them, and those are set anew.

SparseGPT (Frantar & Alistarh 2023, algorithm 1): columns are taken from left to right, and what a zero costs the
layer's output is made up for by the columns to its right; a column once passed stays. That is the surgeon of Hassibi
& Stork 1993 with the inverse of the Hessian shared by all rows.
"""

from typing import Annotated

import torch
from torch import Tensor

from analysis.pruning.registry import PRUNERS
from analysis.registry import Range


@PRUNERS.register(
    "rebuild",
    "obs",
    label="Optimal brain surgeon",
    group="a little data",
    paper="Hassibi & Stork 1993; one shot as in SparseGPT, Frantar & Alistarh 2023, algorithm 1",
    reads="Each layer's output is kept as well as its remaining weights allow, on the images given.",
    fails="It fits the layers to the images that it sees: with few of them, it fits their noise.",
    differs="Zeros that are there already stay. Columns of a convolution run over places of its kernel, then over "
    "input channels; layers with more than 4,608 columns are treated in runs.",
    scope="layer",
    scopes=("layer", "uniform_plus", "erk"),
    granularities=("weight", "2:4", "4:8", "1:4"),
)
def obs(
    weight: Tensor,
    hessian: Tensor,
    sparsity: float,
    pattern: tuple[int, int] | None = None,
    *,
    damping: Annotated[float, Range(0.0001, 1)] = 0.01,
    block: Annotated[int, Range(1, 4096)] = 128,
) -> Tensor:
    """Zero a fraction of a layer's weights, or all but n of every m columns, and set the others anew.

    weight (O, K), hessian (K, K) = 2 X X^T -> (O, K) float64. damping: added to the hessian's diagonal, as a part of
    its mean. block: columns among which the weights to go are compared.
    """
    matrix, upper = weight.double().clone(), _factor(hessian.double(), damping)
    gone = matrix == 0  # stays zero
    prices = upper.diagonal().square().reciprocal() * (hessian.diagonal() > 0)  # an input that is always zero: free
    step = block if pattern is None else -(-block // pattern[1]) * pattern[1]
    total = matrix.shape[1]
    for start in range(0, total, step):
        end = min(start + step, total)
        part, factor, left = matrix[:, start:end], upper[start:end, start:end], gone[:, start:end]
        if pattern is None:
            count = round(sparsity * len(matrix) * end) - round(sparsity * len(matrix) * start)
            left |= _cheapest(_costs(part, prices[start:end], left), count)
        errors = _swept(part, factor, prices[start:end], left, pattern)
        matrix[:, end:] -= errors @ upper[start:end, end:]
    return matrix.masked_fill(gone, 0.0)


def _factor(hessian: Tensor, damping: float) -> Tensor:
    """The upper Cholesky factor of the damped hessian's inverse."""
    size = float(hessian.diagonal().mean())
    damped = hessian + damping * (size or 1.0) * torch.eye(len(hessian), dtype=hessian.dtype, device=hessian.device)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(damped))
    return torch.linalg.cholesky(inverse, upper=True)


def _costs(part: Tensor, prices: Tensor, gone: Tensor) -> Tensor:
    """What a zero adds to the squared error of the output: w^2 times its column's price; less than any, where gone."""
    return (part.square() * prices).masked_fill(gone, -1)


def _cheapest(costs: Tensor, count: int) -> Tensor:
    """So many of them, as bool of the costs' shape."""
    chosen = torch.zeros(costs.numel(), dtype=torch.bool, device=costs.device)
    chosen[costs.reshape(-1).argsort(stable=True)[:count]] = True
    return chosen.reshape(costs.shape)


def _swept(part: Tensor, factor: Tensor, prices: Tensor, gone: Tensor, pattern: tuple[int, int] | None) -> Tensor:
    """Zero what goes, column by column, and set the block's columns to its right anew; errors (O, k) for the rest."""
    errors = torch.zeros_like(part)
    for i in range(part.shape[1]):
        if pattern is not None and i % pattern[1] == 0:
            n, m = pattern
            costs = _costs(part[:, i : i + m], prices[i : i + m], gone[:, i : i + m])
            gone[:, i : i + m].scatter_(1, costs.argsort(dim=1, stable=True)[:, : m - n], True)
        errors[:, i] = part[:, i].masked_fill(~gone[:, i], 0.0) / factor[i, i]
        part[:, i:] -= errors[:, i : i + 1] * factor[i, i:]
    return errors
