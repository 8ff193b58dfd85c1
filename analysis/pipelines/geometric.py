"""Maps of the geometry of one sample of a sweep, as one of its members saw it under one condition.

    look(classifier, images, sweep, member, condition, sample) -> Look

An attack is made anew here, against this one image: the same seed and place give the image that the sweep had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from analysis.attribution.capture import borrowed, forward
from analysis.attribution.geometric import PATCH, STRIDE, WAYS, GeometricMaps, geometric_maps
from analysis.passes.forward import device_of, normalised
from analysis.passes.stream import crop_of
from analysis.pipelines.sweep_seen import seen
from analysis.robustness import CORRUPTIONS
from analysis.robustness.attacking import attacked, pixel_network
from analysis.sweeps import SweepCondition, SweepRecord
from analysis.types import Report, silent
from models.classifier import Classifier

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One image before one network."""

    pixels: np.ndarray  # (H, W, C) uint8, what the network was shown
    against: int  # the class that the numbers are measured against
    prediction: int
    confidence: float
    found: GeometricMaps  # of one image


def look(
    classifier: Classifier,
    images: OpenDataset,
    sweep: SweepRecord,
    condition: int,
    sample: int,
    against: int | None = None,
    ways: Sequence[str] = WAYS,
    *,
    patch: float = PATCH,
    stride: float = STRIDE,
    report: Report = silent,
) -> Look:
    """What moves the geometry of a sample under a condition (a place in the sweep's).

    against: the classifier's class; None: the one that it predicts. Raises what `geometric_maps` and `seen` raise.
    """
    what, crop = sweep.conditions[condition], crop_of(classifier.preprocessing)
    attack = _is_attack(what)
    pixels = torch.from_numpy(seen(images, [sample], sweep, 0 if attack else condition, crop))
    given = normalised(pixels.to(device_of(classifier.module)), classifier.preprocessing)
    logits = _logits(classifier, given)
    if attack:
        altered = _attacked(classifier, pixels, -1 if against is None else against, sample, sweep, what)
        given = _standardised(altered, classifier)
        pixels = altered.mul(255).round().clamp(0, 255).byte().permute(0, 2, 3, 1)
        logits = _logits(classifier, given)
    shares = logits.double().softmax(1)[0]
    said = int(logits.argmax())
    target = said if against is None else against
    found = geometric_maps(classifier, given, [target], ways, patch=patch, stride=stride, report=report)
    return Look(pixels[0].cpu().numpy(), target, said, float(shares[said]), found)


def _logits(classifier: Classifier, given: Tensor) -> Tensor:
    with classifier.exclusive() as module, torch.inference_mode(), borrowed(module):
        kind = next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.float32)
        return forward(module, given.to(kind)).float().cpu()


def _is_attack(what: SweepCondition) -> bool:
    if not what.severity or what.corruption not in CORRUPTIONS:
        return False
    return CORRUPTIONS[what.corruption].kind == "attack"


def _attacked(
    classifier: Classifier, pixels: Tensor, label: int, sample: int, sweep: SweepRecord, what: SweepCondition
) -> Tensor:
    """What an attack makes of this image, values from 0 to 1: pixels (1, H, W, C) uint8 -> (1, C, H, W)."""
    images = pixels.to(device_of(classifier.module)).permute(0, 3, 1, 2).float() / 255
    labels, places = torch.tensor([label], device=images.device), np.array([sample])
    params = dict(what.params)
    with pixel_network(classifier) as network:
        return attacked(network, images, labels, places, what.corruption, what.severity, seed=sweep.seed, params=params)


def _standardised(images: Tensor, classifier: Classifier) -> Tensor:
    """From 0 to 1 -> as the network takes them."""
    scale = (classifier.preprocessing.mean, classifier.preprocessing.std)
    mean, std = (torch.tensor(v, device=images.device).view(1, -1, 1, 1) for v in scale)
    return (images - mean) / std
