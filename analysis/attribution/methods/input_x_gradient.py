"""Input x gradient: each pixel's share of a linear model of the score (Shrikumar et al. 2016)."""

from torch import Tensor, nn

from analysis.attribution.networks import scored
from analysis.attribution.registry import METHODS


@METHODS.register(
    "input",
    "input_x_gradient",
    label="Input x gradient",
    paper="Shrikumar et al. 2016, section 2",
    reads="What each pixel adds to or takes from the score, if the network were linear; the sign is the direction.",
    fails="Pixels near the mean colour get nothing, however much they matter, because their value is near zero.",
    differs="The channels of a pixel are added with their signs.",
)
def input_x_gradient(network: nn.Module, images: Tensor, weights: Tensor, limits: Tensor) -> Tensor:
    """Show what pixels contribute to a first-order model of the score.

    network, images (N, C, H, W), weights (N, L), limits (2, C) -> maps (N, H, W), signed: sum over C.
    """
    from captum.attr import InputXGradient  # takes long to import

    with scored(network, images, weights) as (score, inputs, targets):
        parts = InputXGradient(score).attribute(inputs, additional_forward_args=targets)
    return parts.detach().sum(dim=1)
