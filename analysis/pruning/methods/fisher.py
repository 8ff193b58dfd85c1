"""Diagonal Fisher: optimal brain damage with the Fisher diagonal for the Hessian's (LeCun et al. 1990, eq. 5)."""

from collections.abc import Mapping

from torch import Tensor

from analysis.pruning.registry import PRUNERS


@PRUNERS.register(
    "squares",
    "fisher",
    label="Diagonal Fisher (OBD)",
    group="a little data",
    paper="LeCun, Denker & Solla 1990, eq. 5; with the Fisher diagonal: Theis et al. 2018, eq. 6",
    reads="Weights stay without which the loss would rise, by its curvature at each weight.",
    fails="Each weight is judged as if the others could not make up for it, and on a few images only.",
    differs="The curvature is the empirical Fisher: squared gradients of single images' losses, for the given labels. "
    "Optimal brain damage differentiates twice.",
)
def fisher(weights: Mapping[str, Tensor], squares: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Score weights by the second-order rise of the loss without them.

    weights, squares: mean over samples of g^2 (any shapes) -> w^2 h / 2, of the same shapes.
    """
    return {name: (weight.double().square() * squares[name].double() / 2).float() for name, weight in weights.items()}
