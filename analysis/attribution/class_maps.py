"""The map of every class at once: the head applied at each place (Yun et al. 2021, "ReLabel", section 3.1).

For a linear head after average pooling this is CAM of all classes with the bias, and the mean over space is the logits.
"""

from torch import Tensor

from models.classifier import Head


def class_maps(activations: Tensor, head: Head) -> Tensor:
    """What each place would predict by itself.

    activations (N, D, h, w) at the head's pooled tap -> logits (N, L, h, w).
    """
    logits = (head.weight.to(activations) @ activations.flatten(2)).unflatten(2, activations.shape[2:])
    return logits if head.bias is None else logits + head.bias.to(activations)[:, None, None]
