"""Changes to a training batch that keep its classes: (N, C, H, W) -> the same shape, seeded."""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Augmentation = Literal["mirror", "shift", "nudge", "turn"]


def mirror(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror half of the images left to right."""
    mirrored = torch.rand(len(batch), generator=generator) < 0.5
    return torch.where(mirrored.view(-1, 1, 1, 1), batch.flip(-1), batch)


def shift(batch: Tensor, generator: torch.Generator, most: int = 4) -> Tensor:
    """Move each image by up to so many pixels along each axis; zeros come in."""
    n, _, h, w = batch.shape
    top, left = (torch.randint(0, 2 * most + 1, (n, 1), generator=generator) for _ in range(2))
    rows, columns = top + torch.arange(h), left + torch.arange(w)
    padded = F.pad(batch, (most, most, most, most)).permute(0, 2, 3, 1)
    shifted = padded[torch.arange(n).view(-1, 1, 1), rows[:, :, None], columns[:, None, :]]
    return shifted.permute(0, 3, 1, 2)


def nudge(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Move each image by up to one pixel."""
    return shift(batch, generator, most=1)


def turn(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Turn each image by a multiple of 90 degrees; images must be square."""
    quarters = torch.randint(0, 4, (len(batch), 1, 1, 1), generator=generator)
    turned = batch
    for quarter in (1, 2, 3):
        turned = torch.where(quarters == quarter, batch.rot90(quarter, (2, 3)), turned)
    return turned


AUGMENTATIONS: Mapping[str, Callable[[Tensor, torch.Generator], Tensor]] = {
    "mirror": mirror,
    "shift": shift,
    "nudge": nudge,
    "turn": turn,
}
