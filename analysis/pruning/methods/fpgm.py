"""FPGM: the filters that the others can stand in for go (He et al. 2019, eq. 5-6).

A filter near the geometric median of its layer has the smallest sum of distances to all others.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from analysis.pruning.filters import expanded, over_mean
from analysis.pruning.registry import COARSE, PRUNERS


@PRUNERS.register(
    "weights",
    "fpgm",
    label="Geometric median",
    group="no data",
    paper="He, Liu, Wang, Hu & Yang 2019, eq. 5-6",
    reads="Filters that are most like the others of their layer are zeroed, whatever their size.",
    fails="A strong filter in the middle of its layer goes, a useless one far off stays.",
    differs="Distances are Euclidean, between the weights with their signs. The authors' code always takes the "
    "Euclidean one, whatever is asked for; Torch-Pruning's takes distances between |w|^p. Sums are over their layer's "
    "mean, which changes nothing within a layer.",
    scope="layer",
    granularities=COARSE,
)
def fpgm(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Score outputs by how far they are from all others of their layer.

    weights (O, ...) -> sum over filters of the Euclidean distance, over the layer's mean, expanded to the weights'
    shapes; computed in float64.
    """
    return {name: expanded(over_mean(_distances(weight)), weight).float() for name, weight in weights.items()}


def _distances(weight: Tensor) -> Tensor:
    filters = weight.double().flatten(1)
    # differences, not products: near filters would cancel
    return torch.cdist(filters, filters, compute_mode="donot_use_mm_for_euclid_dist").sum(1)
