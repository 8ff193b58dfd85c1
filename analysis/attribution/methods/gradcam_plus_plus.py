"""Grad-CAM++: pixel-wise weights of the positive gradients (Chattopadhay et al. 2018, eq. 19)."""

import torch
from torch import Tensor

from analysis.attribution.registry import METHODS


@METHODS.register(
    "gradients",
    "gradcam++",
    label="Grad-CAM++",
    paper="Chattopadhay et al. 2018, eq. 19",
    reads="Like Grad-CAM, but each place of a channel has its own weight, so several objects of a class all count.",
    fails="Only positive gradients count: evidence against the class cannot show.",
    differs="The score is taken through an exponential, as the paper does, so that the second and third derivatives "
    "are powers of the first.",
)
def gradcam_plus_plus(activations: Tensor, gradients: Tensor, scores: Tensor) -> Tensor:
    """Show all instances of the target.

    activations, gradients (N, C, h, w), scores (N,) -> weighted channels (N, C, h, w).
    """
    first, precise = gradients, activations
    if bool(activations.min() < 0):  # then the denominator can cancel
        first, precise = gradients.double(), activations.double()
    second = first * first
    return plus_plus_weights(precise, first, second, second * first).float() * activations


def plus_plus_weights(activations: Tensor, first: Tensor, second: Tensor, third: Tensor) -> Tensor:
    """Eq. 19 and eq. 7 from the first, second and third derivatives of the score.

    All (N, C, h, w) -> weights (N, C, 1, 1).
    """
    denominator = 2 * second + activations.sum(dim=(2, 3), keepdim=True) * third
    alpha = torch.where(first != 0, second / (denominator + 1e-6), 0)
    return (first.clamp_min(0) * alpha).sum(dim=(2, 3), keepdim=True)
