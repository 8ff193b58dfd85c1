"""Frost: a piece of an icy pane over the image (Hendrycks & Dietterich 2019)."""

import torch
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS
from analysis.robustness.textures import ice


@CORRUPTIONS.register(
    "frost",
    label="Frost",
    group="weather",
    paper="Hendrycks & Dietterich 2019",
    reads="Pale needles hide and brighten parts: texture that belongs to no class.",
    fails="There are five panes only, and every image has a piece of one of them.",
    differs="The panes are made by us and not photographs: the numbers are near those of the published sets and not "
    "the same. As there, one of five is drawn, resized to 0.2 (32 px) or 0.3 (64 px) of its size, and cut at random.",
    levels={
        "cifar": ((1.0, 0.2, 0.2), (1.0, 0.3, 0.2), (0.9, 0.4, 0.2), (0.85, 0.4, 0.2), (0.75, 0.45, 0.2)),
        "tiny": ((1.0, 0.3, 0.3), (0.9, 0.4, 0.3), (0.8, 0.45, 0.3), (0.75, 0.5, 0.3), (0.7, 0.55, 0.3)),
        "imagenet": ((1.0, 0.4, 1.0), (0.8, 0.6, 1.0), (0.7, 0.7, 1.0), (0.65, 0.7, 1.0), (0.6, 0.75, 1.0)),
    },
    benchmark=True,
    random=True,
)
def frost(images: Tensor, level: tuple[float, float, float], draws: Draws) -> Tensor:
    """Add a piece of a picture of ice.

    images (n, 3, H, W), level: part of the image, part of the ice, size of the ice -> images of the same shape. Images
    larger than the panes get panes that repeat.
    """
    kept, part, scale = level
    panes = ice(scale).to(images.device)
    rows, columns = images.shape[-2:]
    which = draws.integers(0, len(panes))
    top = draws.integers(0, max(panes.shape[2] - rows, 1))
    left = draws.integers(0, max(panes.shape[3] - columns, 1))
    down = (top[:, None] + torch.arange(rows, device=images.device)) % panes.shape[2]
    along = (left[:, None] + torch.arange(columns, device=images.device)) % panes.shape[3]
    pieces = panes.permute(0, 2, 3, 1)[which[:, None, None], down[:, :, None], along[:, None]]
    return pieces.permute(0, 3, 1, 2).mul(part).add(images, alpha=kept)
