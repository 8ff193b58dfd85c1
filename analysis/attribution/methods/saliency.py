"""Saliency: the steepness of the score at each pixel (Simonyan et al. 2014, section 3)."""

from torch import Tensor, nn

from analysis.attribution.networks import scored
from analysis.attribution.registry import METHODS


@METHODS.register(
    "input",
    "saliency",
    label="Saliency",
    paper="Simonyan, Vedaldi & Zisserman 2014, section 3.1",
    reads="Bright pixels are those whose smallest change would move the score most, up or down.",
    fails="Noisy: the gradient flickers from pixel to pixel, and is near zero where the score is saturated.",
    signed=False,
)
def saliency(network: nn.Module, images: Tensor, weights: Tensor, limits: Tensor) -> Tensor:
    """Show which pixels the score is most sensitive to.

    network, images (N, C, H, W), weights (N, L), limits (2, C) -> maps (N, H, W), at least 0: max over C of |gradient|.
    """
    from captum.attr import Saliency  # takes long to import

    with scored(network, images, weights) as (score, inputs, targets):
        gradients = Saliency(score).attribute(inputs, abs=True, additional_forward_args=targets)
    return gradients.amax(dim=1)
