"""APoZ: channels go whose ReLU is silent most often (Hu et al. 2016, eq. 1)."""

from collections.abc import Mapping

from torch import Tensor

from analysis.pruning.filters import completed
from analysis.pruning.followers import without_relu
from analysis.pruning.registry import COARSE, PRUNERS


@PRUNERS.register(
    "outputs",
    "apoz",
    label="Share of zeros (APoZ)",
    group="a little data",
    paper="Hu, Peng, Tai & Tang 2016, eq. 1",
    reads="Channels that give zero for most images and places are zeroed for all.",
    fails="A detector of something rare is silent most of the time, and goes first.",
    differs="Layers that no ReLU follows directly, such as the head and those that end in a sum, go last, their "
    "shortest filters first. The paper prunes a little, trains, and repeats.",
    granularities=COARSE,
    applies=without_relu,
)
def apoz(weights: Mapping[str, Tensor], fractions: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Score outputs by how often they are above zero.

    weights (O, ...), fractions (O,) of zeros after the ReLU, of layers that have one -> 1 - fraction, expanded to the
    weights' shapes.
    """
    return completed(weights, {name: 1 - zeros for name, zeros in fractions.items()})
