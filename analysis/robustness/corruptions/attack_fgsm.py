"""The fast gradient sign method: one step up the loss (Goodfellow et al. 2015, eq. 1), and its L2 form."""

from typing import Annotated

from torch import Tensor

from analysis.registry import Range
from analysis.robustness.draws import Draws
from analysis.robustness.perturbing import EPSILONS, Network, Norm, gradient, projected, steepest
from analysis.robustness.registry import CORRUPTIONS

_FAILS = "One step: it misses what several steps find, and a network whose loss is curved looks safe without being so."


@CORRUPTIONS.register(
    "fgsm",
    kind="attack",
    label="FGSM, L-inf",
    group="attack",
    paper="Goodfellow et al. 2015, eq. 1",
    reads="Every value moves by as much, up or down, so that the loss rises.",
    fails=_FAILS,
    levels=EPSILONS["linf"],
)
def fgsm(
    network: Network,
    images: Tensor,
    labels: Tensor,
    level: float,
    draws: Draws,
    *,
    epsilon: Annotated[float, Range(0, 1)] = 0.0,
) -> Tensor:
    """level, or epsilon where it is not 0: by how much a value may change, pixels from 0 to 1."""
    return _stepped(network, images, labels, epsilon or level, "linf")


@CORRUPTIONS.register(
    "fgsm_l2",
    kind="attack",
    label="FGSM, L2",
    group="attack",
    paper="Goodfellow et al. 2015, its L2 form as in Miyato et al. 2017",
    reads="The image moves straight up the loss, by that distance.",
    fails=_FAILS,
    levels=EPSILONS["l2"],
)
def fgsm_l2(
    network: Network,
    images: Tensor,
    labels: Tensor,
    level: float,
    draws: Draws,
    *,
    epsilon: Annotated[float, Range(0, 1000)] = 0.0,
) -> Tensor:
    """level, or epsilon where it is not 0: the distance, over all values of an image from 0 to 1."""
    return _stepped(network, images, labels, epsilon or level, "l2")


def _stepped(network: Network, images: Tensor, labels: Tensor, radius: float, norm: Norm) -> Tensor:
    found, _, _ = gradient(network, images, labels)
    return projected(images + radius * steepest(found, norm), images, radius, norm)
