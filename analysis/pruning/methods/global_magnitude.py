"""Global magnitude: the smallest weights of the whole network go (Han et al. 2015; one threshold as in LTH)."""

from collections.abc import Mapping

from torch import Tensor

from analysis.pruning.registry import PRUNERS


@PRUNERS.register(
    "weights",
    "global_magnitude",
    label="Global magnitude",
    group="no data",
    paper="Han et al. 2015; one threshold for all layers as in Frankle & Carbin 2019",
    reads="Layers with small weights are emptied first.",
    fails="At high sparsity a layer can lose all its weights, and the network its answer.",
)
def global_magnitude(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Score weights by their size.

    weights (any shapes) -> |w|, of the same shapes.
    """
    return {name: weight.abs() for name, weight in weights.items()}
