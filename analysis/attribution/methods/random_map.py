"""A random map: what a map that knows nothing looks like, the control for all others (Adebayo et al. 2018)."""

from typing import Annotated

import torch
from torch import Tensor

from analysis.attribution.registry import METHODS
from analysis.registry import Range


@METHODS.register(
    "activations",
    "random_map",
    label="Random map (control)",
    paper="A control in the sense of Adebayo et al. 2018",
    reads="Nothing: it is noise. A map or a score that looks no better than this one says nothing either.",
    fails="By chance it can hit the object.",
    class_agnostic=True,
)
def random_map(activations: Tensor, *, seed: Annotated[int, Range(0, 2**31 - 1)] = 0) -> Tensor:
    """Show noise of the layer's resolution.

    activations (N, C, h, w) -> maps (N, h, w), standard normal, the same for every image.
    """
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(activations.shape[-2:], generator=generator)
    return noise.to(activations).repeat(len(activations), 1, 1)
