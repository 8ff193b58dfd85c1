"""Layerwise magnitude: each layer loses the same share of its weights, the smallest (Han et al. 2015)."""

from collections.abc import Mapping

from torch import Tensor

from analysis.pruning.registry import PRUNERS


@PRUNERS.register(
    "weights",
    "layer_magnitude",
    label="Layerwise magnitude",
    group="no data",
    paper="Han et al. 2015; densities other than uniform: Gale et al. 2019 (uniform+), Evci et al. 2020 (ERK)",
    reads="Every layer keeps the same share of its weights, so none is emptied.",
    fails="Small layers, the first and the last above all, suffer from a share that large ones hardly feel.",
    differs="Han et al. set each layer's threshold by its standard deviation and a factor that they tuned by hand.",
    scope="layer",
    scopes=("layer", "uniform_plus", "erk"),
)
def layer_magnitude(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Score weights by their size, to be compared within a layer.

    weights (any shapes) -> |w|, of the same shapes.
    """
    return {name: weight.abs() for name, weight in weights.items()}
