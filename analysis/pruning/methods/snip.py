"""SNIP: connections go whose loss to the network would change the loss least (Lee et al. 2019, eq. 3-6)."""

from collections.abc import Mapping

from torch import Tensor

from analysis.pruning.registry import PRUNERS


@PRUNERS.register(
    "gradients",
    "snip",
    label="SNIP",
    group="a little data",
    paper="Lee, Ajanthan & Torr 2019, eq. 3-6",
    reads="Weights stay that the loss is sensitive to, whether more of them would help or harm.",
    fails="A trained network's gradients are small and noisy; and each weight is judged as if the others stayed.",
    differs="The gradient is that of a trained network in evaluation mode; the paper prunes random weights. Scores are "
    "not divided by their sum, which changes no order.",
)
def snip(weights: Mapping[str, Tensor], gradients: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Score weights by the sensitivity of the loss to their being there.

    weights, gradients of the mean loss (any shapes) -> |g w|, of the same shapes.
    """
    return {name: (gradients[name] * weight).abs() for name, weight in weights.items()}
