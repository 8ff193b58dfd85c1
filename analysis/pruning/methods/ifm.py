"""Iterative Feature Merging: channels that do nearly the same become one, without any data (Chen, Zhou & Yan 2024)."""

from typing import Annotated, Any

from torch import nn

from analysis.errors import NotApplicable
from analysis.pruning.changes import ChangeTask
from analysis.pruning.channels import Channels
from analysis.pruning.merging import merge, seams
from analysis.pruning.registry import COARSE, PRUNERS
from analysis.registry import Range
from models import structures


@PRUNERS.register(
    "change",
    "ifm",
    label="Merged channels (IFM)",
    group="channels removed",
    amount="none",
    paper="Chen, Zhou & Yan 2024, with the distance of their public code",
    reads="What is left of a layer is its complexity: the share of its channels that do something of their own.",
    fails="Beyond the nearly equal channels errors add up from layer to layer, and nothing warns of it.",
    differs="Residual streams are left alone, since the shortcut would have to be merged alike; so are attention and "
    "what is scaled on the way. Incoming weights are averaged and outgoing ones added, where the public code does the "
    "reverse: the same with ReLU, and still exact for equal channels with any other activation.",
    scope="layer",
    scopes=("layer",),
    granularities=COARSE,
)
def ifm(
    network: nn.Module,
    task: ChangeTask,
    *,
    beta: Annotated[float, Range(0, 1)] = 0.05,
    most: Annotated[float, Range(0, 0.95)] = 0.5,
) -> tuple[nn.Module, dict[str, Any]]:
    """Merge the channels of each layer that are nearest to each other.

    network (a copy) -> the same network, narrower, and how it differs. Two channels merge while their distance is at
    most `beta` of the largest in their layer, at 0 equal ones only; `most` of a layer's channels go at most.
    """
    classifier = task.classifier
    found = Channels(network, classifier.preprocessing, classifier.name)
    able = seams(found.groups)
    if not able:
        raise NotApplicable(
            f"{classifier.name} has no layer whose channels can be merged: none is made by one layer and read by "
            "others only. Take another method that removes channels."
        )
    gone = {}
    for place, seam in enumerate(able):
        task.report(place / len(able), f"Merging channels of {seam.group.name}")
        gone[seam.group] = merge(seam, beta, most)
    found.remove(gone)
    return network, structures.of(classifier, network)
