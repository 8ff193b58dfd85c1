"""What stands for "nothing there" in an image: the reference that path and masking methods start from.

The choice matters more than the number of steps: maps from a mean-colour and from a black baseline
often hardly correlate, so every method that has one says which it took.
"""

from typing import Literal

import torch
from torch import Tensor

from models.preprocessing import Preprocessing

Baseline = Literal["mean", "black", "white", "blurred"]
IN_WORDS = {"mean": "mean colour", "black": "black", "white": "white", "blurred": "the image blurred"}
_BLUR = 1 / 16  # standard deviation over the shorter side: shapes go, colours stay


def limits_of(preprocessing: Preprocessing) -> Tensor:
    """Black and white as a network is given them: (2, C)."""
    mean, std = torch.tensor(preprocessing.mean), torch.tensor(preprocessing.std)
    return torch.stack([-mean / std, (1 - mean) / std])


def baseline_like(images: Tensor, limits: Tensor, kind: Baseline) -> Tensor:
    """The reference of each image.

    images (N, C, H, W) normalised, limits (2, C) normalised black and white -> (N, C, H, W).
    Mean colour is 0 after normalisation.
    """
    if kind == "mean":
        return torch.zeros_like(images)
    if kind == "blurred":
        return _blurred(images)
    colour = limits[0 if kind == "black" else 1].to(images)
    return colour.view(1, -1, 1, 1).expand_as(images).clone()


def _blurred(images: Tensor) -> Tensor:
    from torchvision.transforms.functional import gaussian_blur  # two seconds to import

    sigma = min(images.shape[-2:]) * _BLUR
    reach = max(1, int(3 * sigma))
    return gaussian_blur(images, kernel_size=[2 * reach + 1] * 2, sigma=[sigma, sigma])
