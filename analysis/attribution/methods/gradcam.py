"""Grad-CAM: channels weighted by their mean gradient (Selvaraju et al. 2017, eq. 1-2)."""

from torch import Tensor

from analysis.attribution.registry import METHODS


@METHODS.register(
    "gradients",
    "gradcam",
    label="Grad-CAM",
    paper="Selvaraju et al. 2017, eq. 1-2",
    reads="Where the layer finds evidence for the target: each channel counts by its mean gradient.",
    fails="Averages the gradient over space, so before the last block it can light up places that do not matter.",
    same_on_pooled_head=True,
)
def gradcam(activations: Tensor, gradients: Tensor, scores: Tensor) -> Tensor:
    """Show where a layer finds evidence for the target.

    activations, gradients (N, C, h, w), scores (N,) -> weighted channels (N, C, h, w).
    """
    return gradients.mean(dim=(2, 3), keepdim=True) * activations
