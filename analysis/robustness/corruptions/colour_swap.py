"""Channels exchanged: red read as blue, and so on, mixed with the image as it is."""

import torch
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS

_ORDERS = ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))  # all but the one that changes nothing


@CORRUPTIONS.register(
    "colour_swap",
    label="Channel swap",
    group="colour",
    paper="Geirhos et al. 2018 (opponent colours); ours",
    reads="Shapes stay as they are; at the last severity each image's channels stand in another order.",
    fails="In between, two channels grow alike: colour is also lost.",
    differs="Ours: an order is drawn for each image, severities mix it with the image.",
    levels={"any": (0.2, 0.4, 0.6, 0.8, 1.0)},
    random=True,
)
def colour_swap(images: Tensor, level: float, draws: Draws) -> Tensor:
    """level: share of the swapped image."""
    if images.shape[1] == 1:
        return images
    orders = torch.tensor(_ORDERS, device=images.device)[draws.integers(0, len(_ORDERS)).long()]
    swapped = images.gather(1, orders[:, :, None, None].expand_as(images))
    return torch.lerp(images, swapped, level)
