"""L2 filter norm: whole filters go, those of the smallest Euclidean length (He et al. 2018, eq. 2)."""

from collections.abc import Mapping

from torch import Tensor

from analysis.pruning.filters import expanded, filter_norms, over_mean
from analysis.pruning.registry import COARSE, PRUNERS


@PRUNERS.register(
    "weights",
    "l2_filter",
    label="L2 filter norm",
    group="no data",
    paper="He, Kang, Dong, Fu & Yang 2018 (soft filter pruning), eq. 2",
    reads="Filters whose weights are short as vectors are zeroed as a whole.",
    fails="A BatchNorm after the filter can undo its size: a small filter is not always a weak one.",
    differs="Norms are over their layer's mean, which changes nothing within a layer and makes a threshold for all "
    "layers possible; the paper prunes each layer by the same share, and lets pruned filters grow again in training.",
    scope="layer",
    granularities=COARSE,
)
def l2_filter(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Score outputs by the l2 norm of their weights.

    weights (O, ...) -> the norm over the layer's mean norm, expanded to the weights' shapes.
    """
    return {name: expanded(over_mean(filter_norms(w, 2)), w).float() for name, w in weights.items()}
