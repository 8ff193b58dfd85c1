"""How good a network is: on images as they are, and on images under attack."""

import numpy as np
import torch
from torch import nn

from models.preprocessing import Preprocessing
from models.recipes.adversary import Attack
from models.recipes.training import inputs

_BATCH = 250


def accuracy(
    network: nn.Module,
    images: np.ndarray,
    labels: np.ndarray,
    preprocessing: Preprocessing,
    *,
    attack: Attack | None = None,
    seed: int = 0,
) -> float:
    """The part of images (N, H, W, C) uint8 whose class is named right; labels (N,). nan where there are none.

    The network is on any device, in evaluation mode. An attack's random starts come from the seed.
    """
    generator, device = torch.Generator().manual_seed(seed), next(network.parameters()).device
    right = 0
    for start in range(0, len(images), _BATCH):
        batch = inputs(images[start : start + _BATCH], preprocessing).to(device)
        truth = torch.from_numpy(np.asarray(labels[start : start + _BATCH], np.int64)).to(device)
        if attack is not None:
            batch = attack(network, batch, truth, generator=generator)
        with torch.no_grad():
            right += int((network(batch).argmax(1) == truth).sum())
    return right / len(images) if len(images) else float("nan")
