"""APGD: projected gradient descent that chooses its own steps (Croce and Hein 2020, algorithm 1).

"Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free attacks". Half of that
ensemble, AutoAttack: APGD on the cross-entropy and, with loss="dlr", on the ratio of logit differences (eq. 6); not the
targeted forms, nor FAB and Square. The ensemble as a library was looked for: its authors' package is not on the index
of Python packages, torchattacks 3.5.1 wants a `requests` too old for Streamlit, pyautoattack 0.2.0 names no licence,
and that of adversarial-robustness-toolbox 1.20.1 is another ensemble (DeepFool in place of FAB) that reads numpy's
global chance.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor

from analysis.registry import Range
from analysis.robustness.draws import Draws
from analysis.robustness.perturbing import (
    EPSILONS,
    Loss,
    Network,
    Norm,
    cross_entropy,
    gradient,
    projected,
    started,
    steepest,
)
from analysis.robustness.registry import CORRUPTIONS

_READS = "The worst that was found within the ball, with nothing to tune: what PGD finds with the right steps."
_FAILS = (
    "By gradients alone: a network that hides them looks safe. It is half of AutoAttack, so its accuracy is higher."
)
_DIFFERS = "Fewer steps than the paper's 100 unless chosen, one start."
_MOMENTUM, _RISING = 0.75, 0.75


@CORRUPTIONS.register(
    "apgd",
    kind="attack",
    label="APGD, L-inf",
    group="attack",
    paper="Croce and Hein 2020, algorithm 1",
    reads=_READS,
    fails=_FAILS,
    differs=_DIFFERS,
    levels=EPSILONS["linf"],
    random=True,
)
def apgd(
    network: Network,
    images: Tensor,
    labels: Tensor,
    level: float,
    draws: Draws,
    *,
    steps: Annotated[int, Range(2, 1000)] = 40,
    loss: Literal["cross-entropy", "dlr"] = "cross-entropy",
    epsilon: Annotated[float, Range(0, 1)] = 0.0,
) -> Tensor:
    """level, or epsilon where it is not 0: by how much a value may change, pixels from 0 to 1."""
    return _climbed(network, images, labels, epsilon or level, "linf", draws, steps, _LOSSES[loss])


@CORRUPTIONS.register(
    "apgd_l2",
    kind="attack",
    label="APGD, L2",
    group="attack",
    paper="Croce and Hein 2020, algorithm 1",
    reads=_READS,
    fails=_FAILS,
    differs=_DIFFERS,
    levels=EPSILONS["l2"],
    random=True,
)
def apgd_l2(
    network: Network,
    images: Tensor,
    labels: Tensor,
    level: float,
    draws: Draws,
    *,
    steps: Annotated[int, Range(2, 1000)] = 40,
    loss: Literal["cross-entropy", "dlr"] = "cross-entropy",
    epsilon: Annotated[float, Range(0, 1000)] = 0.0,
) -> Tensor:
    """level, or epsilon where it is not 0: the distance, over all values of an image from 0 to 1."""
    return _climbed(network, images, labels, epsilon or level, "l2", draws, steps, _LOSSES[loss])


def difference_of_logits_ratio(logits: Tensor, labels: Tensor) -> Tensor:
    """(best other - true) / (best - third), eq. 6; for fewer than three classes only the difference."""
    ordered = logits.sort(dim=1, descending=True).values
    true = logits.gather(1, labels[:, None])[:, 0]
    first = logits.argmax(dim=1) == labels
    other = torch.where(first, ordered[:, 1], ordered[:, 0])
    if logits.shape[1] < 3:
        return other - true
    return (other - true) / (ordered[:, 0] - ordered[:, 2] + 1e-12)


_LOSSES: dict[str, Loss] = {"cross-entropy": cross_entropy, "dlr": difference_of_logits_ratio}


@dataclass(slots=True, eq=False)
class _Best:
    """The worst of an image so far, for the network."""

    images: Tensor
    gradients: Tensor
    losses: Tensor  # (n,)
    fooling: Tensor  # where it is not classified rightly, (n, C, H, W)
    fooled: Tensor  # (n,)

    def see(self, images: Tensor, gradients: Tensor, losses: Tensor, wrong: Tensor) -> None:
        risen, first = (w.view(-1, 1, 1, 1) for w in (losses > self.losses, wrong & ~self.fooled))
        self.images = torch.where(risen, images, self.images)
        self.gradients = torch.where(risen, gradients, self.gradients)
        self.fooling = torch.where(first, images, self.fooling)
        self.losses, self.fooled = losses.maximum(self.losses), self.fooled | wrong


def _climbed(
    network: Network, images: Tensor, labels: Tensor, radius: float, norm: Norm, draws: Draws, steps: int, loss: Loss
) -> Tensor:
    """Of each image one that is misclassified where such a one was found, else the one of largest loss."""
    now = before = started(images, radius, norm, draws)
    upwards, losses, logits = gradient(network, now, labels, loss)
    best = _Best(now, upwards, losses, now, logits.argmax(dim=1) != labels)
    length = torch.full((len(images), 1, 1, 1), 2 * radius, device=images.device)
    checks = _checkpoints(steps)
    last_losses, rises = losses, torch.zeros_like(losses)
    checked, halved = (0, best.losses), torch.ones_like(best.fooled)
    for number in range(1, steps + 1):
        share = _MOMENTUM if number > 1 else 1.0
        ahead = projected(now + length * steepest(upwards, norm), images, radius, norm)
        moved = projected(now + share * (ahead - now) + (1 - share) * (now - before), images, radius, norm)
        now, before = moved, now
        upwards, losses, logits = gradient(network, now, labels, loss)
        rises, last_losses = rises + (losses > last_losses), losses
        best.see(now, upwards, losses, logits.argmax(dim=1) != labels)
        if number in checks:
            since, then = checked
            slow = (rises < _RISING * (number - since)) | (~halved & (best.losses <= then))
            checked, halved, rises = (number, best.losses), slow, torch.zeros_like(rises)
            again = slow.view(-1, 1, 1, 1)
            length = torch.where(again, length / 2, length)
            now, upwards = torch.where(again, best.images, now), torch.where(again, best.gradients, upwards)
    return torch.where(best.fooled.view(-1, 1, 1, 1), best.fooling, best.images)


def _checkpoints(steps: int) -> set[int]:
    """After which steps progress is looked at: .22 of all, then ever sooner, no sooner than .06 (section 3.1)."""
    percents = [0, 22]
    while percents[-1] < 100:
        percents.append(percents[-1] + max(percents[-1] - percents[-2] - 3, 6))
    return {-(-percent * steps // 100) for percent in percents[1:]}
