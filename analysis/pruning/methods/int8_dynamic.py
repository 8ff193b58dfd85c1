"""8-bit linear maps whose inputs are rounded as they come: dynamic quantisation (Jacob et al. 2018)."""

from typing import Any

from torch import nn

from analysis.errors import NotApplicable
from analysis.pruning.changes import ChangeTask
from analysis.pruning.integers import layers_in_floats, put_integers
from analysis.pruning.registry import PRUNERS


@PRUNERS.register(
    "change",
    "int8_dynamic",
    label="8-bit linear layers",
    group="low rank and shared weights",
    amount="none",
    paper="Jacob et al. 2018; as torch's dynamic quantisation and torchao's, per row",
    reads="Linear layers only: in a transformer nearly all weights, in a convolutional network no more than the last.",
    fails="Rows with one very large value leave few steps for the others.",
    differs="Each row has its own range, so that an answer does not depend on the other images of its batch, as it "
    "does in torch's own; inputs have 7 bits. See models/quantised.py.",
    scope="layer",
    scopes=("layer",),
    granularities=("weight",),
)
def int8_dynamic(network: nn.Module, task: ChangeTask, *, head: bool = True) -> tuple[nn.Module, dict[str, Any]]:
    """Put the weights of linear layers into 8 bits, and multiply in integers.

    network (a copy) -> the same network with other linear layers, and how it differs. `head`: the last one too; the
    features' distances to classes cannot be shown then.
    """
    classifier = task.classifier
    names = layers_in_floats(network, classifier, head=head, kinds=(nn.Linear,))
    if not names:
        raise NotApplicable(
            f"{classifier.name} has no linear layer besides the head, and dynamic quantisation covers only those: "
            "include the head, or take the static one, which covers convolutions."
        )
    return network, put_integers(network, names, {}, classifier)
