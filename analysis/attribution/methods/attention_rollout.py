"""Attention rollout: attention followed back through the layers (Abnar & Zuidema 2020, section 3)."""

from typing import Annotated, Literal

import torch
from torch import Tensor

from analysis.attribution.attention import readable_attention
from analysis.attribution.registry import METHODS
from analysis.registry import Range


@METHODS.register(
    "attention",
    "attention_rollout",
    label="Attention rollout",
    paper="Abnar & Zuidema 2020, section 3, eq. 1",
    reads="From which places information can flow into the decision, if attention alone carried it.",
    fails="The same for every class, and blind to what the values and the MLPs do with what they receive.",
    differs="Heads can be joined by their maximum or minimum and weak attention dropped, as in common practice; "
    "without a class token the mean over all query tokens is shown.",
    class_agnostic=True,
    signed=False,
    applies=readable_attention,
)
def attention_rollout(
    attentions: list[Tensor],
    prefix: int,
    grid: tuple[int, int],
    *,
    heads: Literal["mean", "max", "min"] = "mean",
    discard: Annotated[float, Range(0.0, 0.95)] = 0.0,
) -> Tensor:
    """Show from where the class token can have received information.

    `discard` is the fraction of the weakest attention of each layer that is set to zero before it is followed.

    attentions: per layer (N, heads, T, T), T = prefix + h * w; grid (h, w) -> maps (N, h, w), at least 0.
    """
    joined = {"mean": torch.mean, "max": torch.amax, "min": torch.amin}[heads]
    rollout = torch.eye(attentions[0].shape[-1], device=attentions[0].device, dtype=attentions[0].dtype)
    for attention in attentions:
        layer = _without_weakest(joined(attention, dim=1), discard)
        layer = layer + torch.eye(layer.shape[-1]).to(layer)  # the skip connection, as strong as the attention
        rollout = layer / layer.sum(dim=-1, keepdim=True) @ rollout
    row = rollout[:, 0] if prefix else rollout.mean(dim=1)
    return row[:, prefix:].unflatten(1, grid)


def _without_weakest(attention: Tensor, fraction: float) -> Tensor:
    """Set the smallest entries to zero: (N, T, T) -> (N, T, T)."""
    dropped = int(fraction * attention.shape[-1] ** 2)
    if not dropped:
        return attention
    flat = attention.flatten(1)
    weakest = flat.topk(dropped, dim=1, largest=False).indices
    return flat.scatter(1, weakest, 0.0).view_as(attention)
