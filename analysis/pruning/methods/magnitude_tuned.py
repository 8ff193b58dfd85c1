"""One-shot global magnitude, then fine-tuning (Han et al. 2015; the baseline of Renda et al. 2020).

Deviation: the learning rate makes one cycle up to the peak asked for, where the papers hold a small one.
"""

from collections.abc import Iterator

from torch import nn

from analysis.pruning.layers import prunable, put
from analysis.pruning.registry import PRUNERS
from analysis.pruning.training import TrainTask


@PRUNERS.register(
    "train",
    "magnitude_tuned",
    label="Magnitude, then fine-tuning",
    group="training",
    paper="Han et al. 2015; Renda et al. 2020, fine-tuning",
    reads="How far some epochs bring back what one cut took away.",
    fails="One large cut can take more than a short training gives back; several small ones (LRR) do better.",
    differs="The learning rate makes one cycle instead of staying small.",
    trains=True,
)
def magnitude_tuned(task: TrainTask) -> Iterator[nn.Module]:
    """Cut the base's smallest weights at once, and train what stays. Every level starts from the base.

    task -> a network for each of its levels, in eval mode.
    """
    for number, level in enumerate(task.levels):
        network = task.copy()
        masks = task.masks(network, level)
        put(prunable(network), masks)
        yield task.trained(network, masks, number=number)
