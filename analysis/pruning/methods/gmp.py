"""Gradual magnitude pruning: the sparsity grows while the network is trained (Zhu & Gupta 2017, eq. 1).

s_t = s_f + (s_i - s_f) (1 - t / T)^3, then a tail at s_f. Deviations: a weight that is cut stays cut (the paper's
masks are drawn anew from weights that were kept aside, which hardly differs, as those get no gradient); with several
levels each is a round of its own, which starts at the sparsity before.
"""

from collections.abc import Iterator
from typing import Annotated

from torch import Tensor, nn

from analysis.pruning.layers import prunable, put
from analysis.pruning.registry import PRUNERS
from analysis.pruning.training import TrainTask
from analysis.registry import Range


@PRUNERS.register(
    "train",
    "gmp",
    label="Gradual magnitude (GMP)",
    group="training",
    paper="Zhu & Gupta 2017, eq. 1",
    reads="Many weights go early, few late, and the training goes on meanwhile.",
    fails="Needs the whole training for one sparsity; a short tail leaves it untrained at the end.",
    differs="A weight that was cut stays cut.",
    trains=True,
)
def gmp(
    task: TrainTask, *, tail: Annotated[float, Range(0.0, 0.9)] = 0.4, every: Annotated[int, Range(1, 1000)] = 20
) -> Iterator[nn.Module]:
    """Prune the smallest weights bit by bit during a training.

    task; `tail`: part of the steps after the last cut; `every`: steps between two cuts -> a network for each of the
    task's levels, in eval mode.
    """
    network, start = task.copy(), 0.0
    for number, level in enumerate(task.levels):
        cutting = _Cutting(task, start, level, tail, every)
        network = task.trained(network, number=number, watch=cutting)
        put(prunable(network), cutting.masks)
        yield network
        start = level


class _Cutting:
    """Watches a training and cuts by the schedule."""

    def __init__(self, task: TrainTask, start: float, end: float, tail: float, every: int) -> None:
        self.task, self.start, self.end, self.tail, self.every = task, start, end, tail, every
        self.masks: dict[str, Tensor] = {}

    def __call__(self, network: nn.Module, step: int, steps: int) -> None:
        last = max(round((1 - self.tail) * steps), 1)
        put(prunable(network), self.masks)
        if step <= last and (step % self.every == 0 or step == last):
            self.masks = self.task.masks(network, cubic(step / last, self.start, self.end))
            put(prunable(network), self.masks)


def cubic(part: float, start: float, end: float) -> float:
    """The sparsity when so large a part of the cutting is over."""
    return end + (start - end) * (1 - part) ** 3
