"""Score-CAM: channels as masks, weighted by the score of what they let through (Wang et al. 2020, alg. 1)."""

from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.attribution.masking import Score
from analysis.attribution.registry import METHODS
from analysis.registry import Range

MASKS_AT_ONCE = 16


@METHODS.register(
    "masks",
    "scorecam",
    label="Score-CAM",
    paper="Wang et al. 2020, alg. 1",
    reads="No gradients: a channel counts by how well the picture seen through it still scores.",
    fails="One forward pass a channel; the softmax of the scores often lets one channel win.",
    slow=True,
    differs="The masked picture is the normalised input times the mask, and weights are the softmax of the plain "
    "scores (no baseline taken off), as other implementations have it. Fewer channels than the layer has is a preview "
    "from those that vary most.",
)
def scorecam(
    score: Score,
    images: Tensor,
    activations: Tensor,
    *,
    channels: Annotated[int, Range(0, 4096)] = 128,
) -> Tensor:
    """Show which channels carry the score by themselves.

    images (N, 3, H, W), activations (N, C, h, w) -> weighted channels (N, C, h, w). `channels` 0 means all.
    """
    kept = _most_varied(activations, channels)
    used = activations.gather(1, kept[:, :, None, None].expand(-1, -1, *activations.shape[2:]))
    score.expect(used.shape[0] * used.shape[1])
    rows = []
    for image, maps in enumerate(used):
        owner = torch.full((MASKS_AT_ONCE,), image, device=images.device)
        parts = [
            score(images[image] * _masks(chunk, images.shape[-2:]), owner[: len(chunk)])
            for chunk in maps.split(MASKS_AT_ONCE)
        ]
        rows.append(torch.cat(parts))
    return torch.stack(rows).softmax(dim=1)[:, :, None, None] * used


def _most_varied(activations: Tensor, channels: int) -> Tensor:
    """Indices (N, K) of the channels with the largest variance over space, in ascending order."""
    count = activations.shape[1]
    if not 0 < channels < count:
        return torch.arange(count, device=activations.device).expand(len(activations), -1)
    return activations.flatten(2).var(dim=2).topk(channels, dim=1).indices.sort(dim=1).values


def _masks(maps: Tensor, size: torch.Size) -> Tensor:
    """(K, h, w) -> (K, 1, H, W) between 0 and 1."""
    large = F.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=True)
    low, high = large.amin(dim=(2, 3), keepdim=True), large.amax(dim=(2, 3), keepdim=True)
    return (large - low) / (high - low + 1e-8)
