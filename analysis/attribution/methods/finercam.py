"""Finer-CAM: Grad-CAM of the target against its nearest rivals (Zhang et al. 2025, eq. 5).

The score is the mean over the nearest classes k, weighted by their probability, of y_target - alpha * y_k.
"""

from typing import Annotated

import torch
from torch import Tensor

from analysis.attribution.methods.gradcam import gradcam
from analysis.attribution.registry import METHODS
from analysis.registry import Range


def against_rivals(logits: Tensor, weights: Tensor, *, alpha: float, references: int) -> Tensor:
    """The contrastive score's derivative by each logit.

    logits, weights of the plain target (N, L) -> weights (N, L). A target that is itself a difference stays as it is.
    """
    plain = (weights != 0).sum(1) == 1
    references = min(references, logits.shape[1] - 1)
    with torch.enable_grad():
        free = logits.detach().double().requires_grad_()
        score = (free * weights.double()).sum(1, keepdim=True)
        distance = (logits - score.detach()).abs().masked_fill(weights != 0, torch.inf)
        nearest = distance.topk(references, dim=1, largest=False).indices
        rivals, shares = free.gather(1, nearest), free.softmax(1).gather(1, nearest)
        contrast = (shares * (score - alpha * rivals)).sum(1) / (shares.sum(1) + 1e-9)
        (derivative,) = torch.autograd.grad(contrast.sum(), free)
    involved = (weights != 0).scatter(1, nearest, True)  # the softmax's other terms cancel but for the 1e-9
    derivative = torch.where(involved, derivative, 0.0).to(weights.dtype)
    return torch.where(plain[:, None], derivative, weights)


@METHODS.register(
    "gradients",
    "finercam",
    label="Finer-CAM",
    paper="Zhang et al. 2025, eq. 5",
    reads="What tells the target from the classes it is most easily mistaken for.",
    fails="Says little where no other class comes near; features shared with the rivals vanish.",
    differs="Rivals are the classes with the nearest logits, weighted by their probability. "
    "For 'A rather than B' it is Grad-CAM of that difference.",
    retarget=against_rivals,
)
def finercam(
    activations: Tensor,
    gradients: Tensor,
    scores: Tensor,
    *,
    alpha: Annotated[float, Range(0, 2)] = 1.0,
    references: Annotated[int, Range(1, 10)] = 3,
) -> Tensor:
    """Show what distinguishes the target.

    activations, gradients of the contrastive score (N, C, h, w), scores (N,) -> weighted channels (N, C, h, w).
    """
    return gradcam(activations, gradients, scores)
