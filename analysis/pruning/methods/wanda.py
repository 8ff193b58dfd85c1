"""Wanda: sizes of weights times sizes of their inputs, compared within each output (Sun et al. 2024, eq. 1)."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from analysis.pruning.registry import PRUNERS


@PRUNERS.register(
    "inputs",
    "wanda",
    label="Weights and activations (Wanda)",
    group="a little data",
    paper="Sun, Liu, Bair & Kolter 2023 (ICLR 2024), eq. 1, algorithm 1",
    reads="Small weights stay where what they multiply is large.",
    fails="It asks each output for the same share, also those that have no weight to spare.",
    differs="Of a convolution, each weight has its own input norm, that of the pixels that it meets.",
    scope="layer",
    scopes=("layer", "uniform_plus", "erk"),
    granularities=("weight", "2:4", "4:8", "1:4"),
)
def wanda(
    weights: Mapping[str, Tensor], norms: Mapping[str, Tensor], *, within: Literal["row", "layer"] = "row"
) -> dict[str, Tensor]:
    """Score weights by what they send on.

    weights, norms: l2 norm of what each weight multiplies (O, ...) -> of the same shapes: |w| ||x|| (within="layer"),
    or its rank among the weights of its output over their number, in (0, 1) (within="row"), so that a layer's
    threshold takes the same share of each output. Where that share is no whole number of weights, those that are
    smallest in the layer make it up.
    """
    metric = {name: weight.double().abs() * norms[name].double() for name, weight in weights.items()}
    return {name: _ranks(found) if within == "row" else found.float() for name, found in metric.items()}


def _ranks(metric: Tensor) -> Tensor:
    """(O, ...) -> rank within the output over their number; of equal ranks the smaller metric comes first."""
    rows = metric.flatten(1)
    outputs, inputs = rows.shape
    ascending, order = rows.sort(dim=1, stable=True)
    among = ascending.argsort(dim=0, stable=True).argsort(dim=0)
    places = torch.arange(inputs, device=rows.device) + (among + 1).double() / (2 * outputs)  # half a place at most
    return torch.zeros_like(rows).scatter_(1, order, places / inputs).reshape(metric.shape).float()
