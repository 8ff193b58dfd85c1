"""L1 filter norm: whole filters go, those with the smallest sum of absolute weights (Li et al. 2017, section 3.1)."""

from collections.abc import Mapping

from torch import Tensor

from analysis.pruning.filters import expanded, filter_norms, over_mean
from analysis.pruning.registry import COARSE, PRUNERS


@PRUNERS.register(
    "weights",
    "l1_filter",
    label="L1 filter norm",
    group="no data",
    paper="Li, Kadav, Durdanovic, Samet & Graf 2017, section 3.1",
    reads="Filters whose weights are small in sum are zeroed as a whole.",
    fails="A BatchNorm after the filter can undo its size: a small filter is not always a weak one.",
    differs="Norms are over their layer's mean, which changes nothing within a layer and makes a threshold for all "
    "layers possible; the paper prunes layer by layer.",
    scope="layer",
    granularities=COARSE,
)
def l1_filter(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Score outputs by the l1 norm of their weights.

    weights (O, ...) -> the norm over the layer's mean norm, expanded to the weights' shapes.
    """
    return {name: expanded(over_mean(filter_norms(w, 1)), w).float() for name, w in weights.items()}
