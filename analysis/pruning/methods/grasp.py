"""GraSP: weights go whose loss disturbs the flow of gradients least (Wang, Zhang & Grosse 2020, eq. 8)."""

from collections.abc import Mapping

from torch import Tensor

from analysis.pruning.registry import PRUNERS


@PRUNERS.register(
    "curvature",
    "grasp",
    label="GraSP",
    group="a little data",
    paper="Wang, Zhang & Grosse 2020, eq. 8, algorithm 1",
    reads="Weights stay without which the network would learn more slowly.",
    fails="It is made for networks that are to be trained: in a trained one, gradients have little left to flow for.",
    differs="The gradient is that of a trained network in evaluation mode; the paper prunes random weights. The logits "
    "are divided by 200, as in the authors' code.",
)
def grasp(weights: Mapping[str, Tensor], products: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Score weights by how much the squared gradient would fall without them.

    weights, products H g of the mean loss (any shapes) -> w H g, of the same shapes: the paper's -w H g, of which the
    largest go, with its sign turned, so that the smallest go. Negative scores: the gradient would grow.
    """
    return {name: weight * products[name] for name, weight in weights.items()}
