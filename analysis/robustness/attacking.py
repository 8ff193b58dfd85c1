"""Attacks on a network: FGSM, PGD and APGD of corruptions/attack_*.py, by name and severity."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from analysis.errors import BadParameter, NotApplicable
from analysis.robustness import CORRUPTIONS
from analysis.robustness.draws import Draws
from analysis.robustness.perturbing import Network
from analysis.robustness.registry import SEVERITIES
from models.classifier import Classifier


def attacked(
    network: Network,
    images: Tensor,
    labels: Tensor,
    places: np.ndarray,
    name: str,
    severity: int,
    *,
    seed: int = 0,
    params: Mapping[str, Any] | None = None,
) -> Tensor:
    """Images that a network is worse at, within the ball of the severity: (n, C, H, W) float32 from 0 to 1.

    network: images from 0 to 1 as it sees them -> logits (n, L), see `pixel_network`. images (n, C, H, W) float32 from
    0 to 1 on the network's device; labels (n,) int64, below 0 where unknown: the network's own answer is taken there.
    `places` (n,): where the images are in their dataset. The same whatever the batches, as far as the network's sums
    are. Not rounded to bytes. Raises UnknownName, BadParameter, and NotApplicable for what is no attack or a network
    without gradients.
    """
    method = CORRUPTIONS[name]
    if method.kind != "attack":
        raise NotApplicable(f"{method.label} attacks no network: it alters images by themselves.")
    if severity not in SEVERITIES:
        raise BadParameter(f"{name}: a severity is a whole number from 1 to 5, got {severity!r}.")
    level = method.levels[method.table(*images.shape[-2:])][severity - 1]
    draws = Draws(seed, name, np.asarray(places), images.device)
    with torch.inference_mode(False), torch.enable_grad():
        given, truth = images.detach().clone(), labels.to(images.device).clone()
        unknown = truth < 0
        if unknown.any():
            with torch.no_grad():
                truth = torch.where(unknown, network(given).argmax(dim=1), truth)
        found = method.function(network, given, truth, level, draws, **method.bound(params))
    return found.detach()


@contextmanager
def pixel_network(classifier: Classifier) -> Iterator[Network]:
    """The network on images from 0 to 1, for this thread alone: in evaluation mode, which is undone."""
    preprocessing = classifier.preprocessing
    with classifier.exclusive() as module, _evaluating(module):
        weight = next(module.parameters(), torch.zeros(()))
        mean, std = (
            torch.tensor(v, device=weight.device).view(-1, 1, 1) for v in (preprocessing.mean, preprocessing.std)
        )
        yield lambda images: module((images - mean) / std).float()


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    training = [m for m in module.modules() if m.training]
    module.eval()
    try:
        yield
    finally:
        for each in training:
            each.training = True
