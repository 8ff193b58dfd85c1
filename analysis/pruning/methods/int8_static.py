"""8-bit convolutions and linear maps, their inputs' ranges measured beforehand (Jacob et al. 2018, section 3)."""

from typing import Any

from torch import nn

from analysis.errors import NotApplicable
from analysis.pruning.changes import ChangeTask
from analysis.pruning.integers import input_ranges, layers_in_floats, put_integers
from analysis.pruning.registry import PRUNERS


@PRUNERS.register(
    "change",
    "int8_static",
    label="8-bit layers",
    group="low rank and shared weights",
    amount="none",
    paper="Jacob, Kligys, Chen, Zhu, Tang, Howard, Adam & Kalenichenko 2018, section 3",
    reads="A quarter of the room, and on a processor with integer instructions less time. Maps by gradients take the "
    "rounding as if it were not there.",
    fails="Inputs outside the range that was measured are cut off: take images like those it will see.",
    differs="What lies between the layers stays in floats, BatchNorm is not folded into the weights, and inputs have 7 "
    "bits, as in PyTorch's own x86 settings. The ranges are the smallest and largest input. See models/quantised.py.",
    scope="layer",
    scopes=("layer",),
    granularities=("weight",),
    needs_data=True,
)
def int8_static(network: nn.Module, task: ChangeTask, *, head: bool = False) -> tuple[nn.Module, dict[str, Any]]:
    """Put weights into 8 bits, and multiply in integers.

    network (a copy), examples -> the same network with other layers, and how it differs. `head`: the last one too;
    the features' distances to classes cannot be shown then.
    """
    classifier = task.classifier
    if task.examples is None:
        raise NotApplicable("The ranges of a network's inputs are measured on images: choose a dataset.")
    names = layers_in_floats(network, classifier, head=head, kinds=(nn.Conv2d, nn.Linear))
    ranges = input_ranges(network, names, task)
    reached = [name for name in names if name in ranges]
    if not reached:
        raise NotApplicable(f"{classifier.name} has no layer in floats that could be had in 8 bits.")
    return network, put_integers(network, reached, ranges, classifier)
