"""First-order Taylor: what the loss would change by without a channel (Molchanov et al. 2017 and 2019)."""

from collections.abc import Mapping

from torch import Tensor

from analysis.pruning.filters import expanded
from analysis.pruning.registry import COARSE, PRUNERS


@PRUNERS.register(
    "gradients",
    "taylor",
    label="First-order Taylor",
    group="a little data",
    paper="Molchanov, Tyree, Karras, Aila & Kautz 2017, eq. 6; on weights: Molchanov et al. 2019, section 3.1",
    reads="Channels are zeroed whose weights, times their gradients, come to little.",
    fails="Where the loss is flat all scores are near zero, and noise decides.",
    differs="By default the sizes |g w| of a channel's weights are added, as most code does; `joint` adds the signed "
    "products first, as both papers do (2017: of activations, 2019: squared, which changes no order).",
    granularities=COARSE,
)
def taylor(weights: Mapping[str, Tensor], gradients: Mapping[str, Tensor], *, joint: bool = False) -> dict[str, Tensor]:
    """Score outputs by the first-order change of the loss when all their weights go.

    weights, gradients of the mean loss (O, ...) -> sum of |g w| over each output's weights, or with `joint` |sum of
    g w|, expanded to the weights' shapes; computed in float64.
    """
    scores = {}
    for name, weight in weights.items():
        products = (gradients[name].double() * weight.double()).flatten(1)
        sums = products.sum(1).abs() if joint else products.abs().sum(1)
        scores[name] = expanded(sums, weight).float()
    return scores
