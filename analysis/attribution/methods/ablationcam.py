"""Ablation-CAM: channels weighted by the fall of the score without them (Desai and Ramaswamy 2020, eq. 3)."""

from collections.abc import Callable

import torch
from torch import Tensor

from analysis.attribution.registry import METHODS

BYTES_AT_ONCE = 128 * 2**20


@METHODS.register(
    "ablation",
    "ablationcam",
    label="Ablation-CAM",
    paper="Desai and Ramaswamy 2020, eq. 3",
    reads="No gradients: a channel counts by how far the score falls when the channel is set to zero.",
    fails="Channels that stand in for each other each look unimportant; a score near zero makes all weights huge.",
    slow=True,
    differs="Ablated channels are zero, as in the paper, also where activations can be negative. "
    "The fall is divided by the score's size, so that a negative score does not turn the map over.",
)
def ablationcam(
    score_at_tap: Callable[[Tensor, Tensor], Tensor],
    activations: Tensor,
    scores: Tensor,
) -> Tensor:
    """Show which channels the score cannot do without.

    activations (N, C, h, w), scores (N,) -> weighted channels (N, C, h, w).
    """
    count = activations.shape[1]
    chunk = max(1, min(count, BYTES_AT_ONCE // (activations[0].numel() * activations.element_size())))
    channels = torch.arange(count, device=activations.device)
    rows = []
    for image, maps in enumerate(activations):
        parts = []
        for some in channels.split(chunk):
            ablated = maps.repeat(len(some), 1, 1, 1)
            ablated[torch.arange(len(some)), some] = 0
            parts.append(score_at_tap(ablated, torch.full_like(some, image)))
        rows.append(torch.cat(parts))
    falls = (scores[:, None] - torch.stack(rows)) / scores.abs().clamp_min(1e-12)[:, None]
    return falls[:, :, None, None] * activations
