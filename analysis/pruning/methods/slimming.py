"""Network slimming: channels go whose BatchNorm scales them down most (Liu et al. 2017, section 3)."""

from collections.abc import Mapping

from torch import Tensor

from analysis.pruning.filters import completed
from analysis.pruning.followers import without_batchnorm
from analysis.pruning.registry import COARSE, PRUNERS


@PRUNERS.register(
    "scales",
    "slimming",
    label="BatchNorm scale (network slimming)",
    group="no data",
    paper="Liu, Li, Shen, Huang, Yan & Zhang 2017, section 3",
    reads="One threshold on |gamma| for all layers: channels that their BatchNorm makes small are zeroed.",
    fails="It was meant for networks trained with a penalty on gamma; without it, gammas are all alike.",
    differs="No training with a penalty. Layers that no BatchNorm follows, such as the head, go last, their shortest "
    "filters first. The channel's shift (beta) stays, as the weights alone are zeroed.",
    granularities=COARSE,
    applies=without_batchnorm,
)
def slimming(weights: Mapping[str, Tensor], scales: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Score outputs by the size of the scale that follows them.

    weights (O, ...), scales: gamma (O,) of layers that a BatchNorm follows -> |gamma|, expanded to the weights' shapes.
    """
    return completed(weights, {name: gamma.abs() for name, gamma in scales.items()})
