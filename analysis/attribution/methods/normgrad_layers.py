"""NormGrad over several layers: the geometric mean of their maps (Rebuffi et al. 2020, section 3.4)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.attribution.methods.normgrad import normgrad
from analysis.attribution.registry import METHODS


@METHODS.register(
    "joint",
    "normgrad_layers",
    label="NormGrad, layers combined",
    paper="Rebuffi et al. 2020, section 3.4",
    reads="NormGrad of all chosen layers multiplied: sharp as the early ones, selective as the late ones.",
    fails="One layer that is blank somewhere blanks the product there.",
    signed=False,
    differs="All layers have equal weight; each map is divided by its mean before the product.",
)
def normgrad_layers(activations: list[Tensor], gradients: list[Tensor], scores: Tensor) -> Tensor:
    """Combine depths.

    per layer (N, C, h, w), scores (N,) -> maps (N, h, w) on the largest grid, not negative.
    """
    maps = [normgrad(a, g, scores)[:, None] for a, g in zip(activations, gradients, strict=True)]
    size = max((m.shape[-2:] for m in maps), key=lambda s: s[0] * s[1])
    resized = [F.interpolate(m, size=size, mode="bilinear", align_corners=False)[:, 0] for m in maps]
    scaled = [m / m.mean(dim=(1, 2), keepdim=True).clamp_min(1e-12) for m in resized]
    return torch.stack(scaled).clamp_min(1e-12).log().mean(dim=0).exp()
