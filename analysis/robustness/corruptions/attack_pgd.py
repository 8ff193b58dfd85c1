"""Projected gradient descent: steps up the loss, back into the ball after each (Madry et al. 2018, section 2.1)."""

from typing import Annotated

from torch import Tensor

from analysis.registry import Range
from analysis.robustness.draws import Draws
from analysis.robustness.perturbing import EPSILONS, Network, Norm, gradient, projected, started, steepest
from analysis.robustness.registry import CORRUPTIONS

_READS = "The worst that was found within the ball: accuracy under it is an upper bound of the robust accuracy."
_FAILS = "A network whose gradients say little (saturated, rounded, random) looks safe without being so."
_DIFFERS = "Steps of 2.5 / steps of the radius unless chosen; the last point is kept, as by Madry et al."
_OWN_STEP = 2.5


@CORRUPTIONS.register(
    "pgd",
    kind="attack",
    label="PGD, L-inf",
    group="attack",
    paper="Madry et al. 2018, section 2.1",
    reads=_READS,
    fails=_FAILS,
    differs=_DIFFERS,
    levels=EPSILONS["linf"],
    random=True,
)
def pgd(
    network: Network,
    images: Tensor,
    labels: Tensor,
    level: float,
    draws: Draws,
    *,
    steps: Annotated[int, Range(1, 1000)] = 20,
    step: Annotated[float, Range(0, 1)] = 0.0,
    random_start: bool = True,
    epsilon: Annotated[float, Range(0, 1)] = 0.0,
) -> Tensor:
    """level, or epsilon where it is not 0: by how much a value may change, pixels from 0 to 1. step 0: by itself."""
    return _climbed(network, images, labels, epsilon or level, "linf", draws, steps, step, random_start)


@CORRUPTIONS.register(
    "pgd_l2",
    kind="attack",
    label="PGD, L2",
    group="attack",
    paper="Madry et al. 2018, section 2.1",
    reads=_READS,
    fails=_FAILS,
    differs=_DIFFERS,
    levels=EPSILONS["l2"],
    random=True,
)
def pgd_l2(
    network: Network,
    images: Tensor,
    labels: Tensor,
    level: float,
    draws: Draws,
    *,
    steps: Annotated[int, Range(1, 1000)] = 20,
    step: Annotated[float, Range(0, 1000)] = 0.0,
    random_start: bool = True,
    epsilon: Annotated[float, Range(0, 1000)] = 0.0,
) -> Tensor:
    """level, or epsilon where it is not 0: the distance, over all values of an image from 0 to 1. step 0: by itself."""
    return _climbed(network, images, labels, epsilon or level, "l2", draws, steps, step, random_start)


def _climbed(
    network: Network,
    images: Tensor,
    labels: Tensor,
    radius: float,
    norm: Norm,
    draws: Draws,
    steps: int,
    step: float,
    random_start: bool,
) -> Tensor:
    length = step or _OWN_STEP * radius / steps
    found = started(images, radius, norm, draws) if random_start else images
    for _ in range(steps):
        upwards, _, _ = gradient(network, found, labels)
        found = projected(found + length * steepest(upwards, norm), images, radius, norm)
    return found
