"""One map from the maps of several taps, made of their display forms at the input's size."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.errors import BadParameter
from analysis.types import Fusion

EPSILON = 1e-7


def fused(maps: Sequence[Tensor], size: tuple[int, int], how: Fusion) -> Tensor:
    """Maps (N, h, w) of each tap -> (N, H, W) in 0-1, not negative.

    Each becomes ReLU, min-max, bilinear first; their mean is what pytorch-grad-cam does with several layers,
    the maximum what LayerCAM proposes, the product what sharpens a late map by an early one.
    """
    stack = torch.stack([_large(m, size) for m in maps])
    if how == "mean":
        return stack.mean(dim=0)
    if how == "max":
        return stack.amax(dim=0)
    if how == "product":
        return stack.prod(dim=0)
    raise BadParameter(f"fusion takes mean, max or product, got '{how}'.")


def _large(maps: Tensor, size: tuple[int, int]) -> Tensor:
    positive = maps.clamp_min(0)
    positive = positive - positive.amin((1, 2), keepdim=True)
    positive = positive / (positive.amax((1, 2), keepdim=True) + EPSILON)
    return F.interpolate(positive[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
