"""Multi-prize tickets: binary weights found inside a random network (Diffenderfer & Kailkhura 2021, algorithm 1).

A used weight is +a or -a, with a = |M * W|_1 / |M|_1 of its layer; the scores' gradient goes through the real weight
W, as in the authors' code. Deviations: one cycle of the learning rate in place of the cosine; a is part of the
weights, not a factor after the layer, which computes the same.
"""

from collections.abc import Iterator

from torch import Tensor, nn

from analysis.pruning.registry import PRUNERS
from analysis.pruning.training import TrainTask
from analysis.pruning.untrained import subnetworks


@PRUNERS.register(
    "train",
    "biprop",
    label="Multi-prize ticket (biprop)",
    group="training",
    paper="Diffenderfer & Kailkhura 2021, algorithm 1 (MPT-1/32)",
    reads="Every used weight of a layer is +a or -a, so one bit would store it; none was ever trained.",
    fails="Wants wide networks; in narrow ones there is little to choose from.",
    differs="Sparsity is the fraction of zeros; the authors' prune rate is the fraction kept.",
    scope="layer",
    scopes=("layer",),
    granularities=("weight",),
    trains=True,
    untrained=True,
)
def biprop(task: TrainTask, *, learn_norms: bool = False) -> Iterator[nn.Module]:
    """Find a network of binary weights among random ones.

    task; `learn_norms`: BatchNorm's scale and shift are learnt too (the paper's MPT + BN) -> a network for each of
    the task's levels, in eval mode.
    """
    yield from subnetworks(task, binary, learn_norms=learn_norms)


def binary(weight: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """weight, mask (O, I, ...) -> a sign(W) with a the mean |W| of those used; its score's slope is W."""
    size = (mask * weight.abs()).sum() / mask.sum().clamp_min(1)
    return size * weight.sign(), weight
