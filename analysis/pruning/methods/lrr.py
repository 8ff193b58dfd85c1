"""Learning-rate rewinding: prune, then train on with the schedule started again (Renda et al. 2020, algorithm 3).

Deviation: the dense training is the base's own; a round is one cycle of the learning rate, as long as the recipe
says, where the paper repeats the whole of the base's schedule.
"""

import copy
from collections.abc import Iterator

from torch import nn

from analysis.pruning.layers import prunable, put
from analysis.pruning.registry import PRUNERS
from analysis.pruning.training import TrainTask


@PRUNERS.register(
    "train",
    "lrr",
    label="Learning-rate rewinding (LRR)",
    group="training",
    paper="Renda, Frankle & Carbin 2020, algorithm 3",
    reads="Weights go on from where they are; only the learning rate starts again after each cut.",
    fails="Takes a training for every round, and short rounds lose accuracy.",
    differs="A round is one cycle of the learning rate of the length asked for, not the base's whole schedule.",
    trains=True,
)
def lrr(task: TrainTask) -> Iterator[nn.Module]:
    """Prune the smallest weights round by round, each followed by a training with the learning rate started again.

    task -> a network for each of its levels, in eval mode.
    """
    trained = task.copy()
    for number, level in enumerate(task.levels):
        network = copy.deepcopy(trained)  # that one has been handed out
        masks = task.masks(network, level)
        put(prunable(network), masks)
        trained = task.trained(network, masks, number=number)
        yield trained
