"""Random: weights go by lot. The control that every other method must beat."""

from collections.abc import Mapping

import torch
from torch import Tensor

from analysis.pruning.registry import PRUNERS


@PRUNERS.register(
    "weights",
    "random",
    label="Random",
    group="no data",
    paper="The usual control, e.g. Blalock et al. 2020",
    reads="What is lost when weights go for no reason at all; a method worth its name does better.",
    fails="Nothing protects a weight that matters, so the answer is lost early.",
    differs="One draw covers the network, so that the same seed prunes the weights that "
    "torch.nn.utils.prune.global_unstructured does with RandomUnstructured.",
)
def random(weights: Mapping[str, Tensor], *, seed: int = 0) -> dict[str, Tensor]:
    """Score weights by lot.

    weights (any shapes) -> uniform in (0, 1], of the same shapes; a seed of 0 is the recipe's own.
    """
    generator = torch.Generator().manual_seed(seed)
    drawn = 1 - torch.rand(sum(w.numel() for w in weights.values()), generator=generator)
    parts = drawn.split([w.numel() for w in weights.values()])
    return {n: p.reshape(w.shape).to(w.device) for (n, w), p in zip(weights.items(), parts, strict=True)}
