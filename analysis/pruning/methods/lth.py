"""Lottery tickets: iterative magnitude pruning with weight rewinding (Frankle & Carbin 2019; Frankle et al. 2020).

A network is trained from random weights, its smallest weights are cut, those that stay go back to what they were
after a few first steps, and it is trained again. Deviations: after rewinding a whole cycle of the learning rate is
run, not the rest of the first one; the sparsity of each round is the recipe's, where the paper takes 20 % of what is
left; a round has an order of images of its own.
"""

from collections.abc import Iterator
from typing import Annotated

from torch import Tensor, nn

from analysis.errors import BadParameter
from analysis.pruning.layers import prunable, put
from analysis.pruning.registry import PRUNERS
from analysis.pruning.training import TrainTask
from analysis.registry import Range


@PRUNERS.register(
    "train",
    "lth",
    label="Lottery ticket (LTH)",
    group="training",
    paper="Frankle & Carbin 2019; Frankle et al. 2020, rewinding to step k",
    reads="Whether a small network, started as the large one was, learns as well.",
    fails="Trains from random weights once more than there are rounds; without rewinding deep networks find no ticket.",
    differs="A whole cycle of the learning rate after each rewinding; the base's weights are not used.",
    trains=True,
    untrained=True,
)
def lth(task: TrainTask, *, rewind_epochs: Annotated[float, Range(0.0, 20.0)] = 0.5) -> Iterator[nn.Module]:
    """Train from random weights, cut the smallest, rewind the rest, train again; round by round.

    task; `rewind_epochs`: where the weights go back to, 0 for the very start -> a network for each of the task's
    levels, in eval mode.
    """
    if rewind_epochs >= task.recipe.tuning.epochs:
        raise BadParameter(
            f"The weights go back to {rewind_epochs:g} epochs, and a round has {task.recipe.tuning.epochs} of them: "
            "rewind to an earlier point, or train for longer."
        )
    rounds = len(task.levels) + 1
    early = _Early(task.fresh(), rewind_epochs / task.recipe.tuning.epochs)
    network = task.trained(early.network, rounds=rounds, watch=early)
    for number, level in enumerate(task.levels, start=1):
        masks = task.masks(network, level)
        rewound = early.rewound()
        put(prunable(rewound), masks)
        network = task.trained(rewound, masks, number=number, rounds=rounds)
        yield network


class _Early:
    """Watches the first training and keeps what the network was after a part of it."""

    def __init__(self, network: nn.Module, part: float) -> None:
        self.network, self.part = network, part
        self.state = _state(network)

    def __call__(self, network: nn.Module, step: int, steps: int) -> None:
        if step == round(self.part * steps):
            self.state = _state(network)

    def rewound(self) -> nn.Module:
        self.network.load_state_dict(self.state)
        return self.network


def _state(network: nn.Module) -> dict[str, Tensor]:
    return {key: value.detach().clone() for key, value in network.state_dict().items()}
