"""Edge-popup: which of the random weights to use is learnt, the weights are not (Ramanujan et al. 2020, section 3.3).

Weights are the sign of a Kaiming normal draw times one number a layer, sqrt(2 / (k fan_in)) with k the fraction kept
("signed constant", scaled by 1 / sqrt(k) as in the paper's section 4.6). Deviation: the learning rate makes one
cycle in place of the cosine.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from analysis.pruning.registry import PRUNERS
from analysis.pruning.training import TrainTask
from analysis.pruning.untrained import subnetworks


@PRUNERS.register(
    "train",
    "edge_popup",
    label="Edge-popup",
    group="training",
    paper="Ramanujan et al. 2020, eq. 4-5",
    reads="A network found inside a random one: no weight was ever trained.",
    fails="Small networks hold no good one, and at high sparsity there is less to choose from: about half is best.",
    differs="One cycle of the learning rate; the absolute score counts, as in the authors' code.",
    scope="layer",
    scopes=("layer",),
    granularities=("weight",),
    trains=True,
    untrained=True,
)
def edge_popup(task: TrainTask, *, learn_norms: bool = False) -> Iterator[nn.Module]:
    """Find a network among random weights, +c or -c in each layer.

    task; `learn_norms`: BatchNorm's scale and shift are learnt too (not in the paper) -> a network for each of the
    task's levels, in eval mode.
    """
    yield from subnetworks(task, signed_constant, learn_norms=learn_norms)


def signed_constant(weight: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """weight, mask (O, I, ...) -> the sign of the weight times sqrt(2 / (k fan_in)); its score's slope is the same."""
    kept = mask.mean().item()
    constant = weight.sign() * math.sqrt(2 / (kept * weight[0].numel())) if kept else torch.zeros_like(weight)
    return constant, constant
