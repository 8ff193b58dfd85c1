"""XGrad-CAM: gradients weighted by their share of a channel's activation (Fu et al. 2020, eq. 8)."""

from torch import Tensor

from analysis.attribution.registry import METHODS


@METHODS.register(
    "gradients",
    "xgradcam",
    label="XGrad-CAM",
    paper="Fu et al. 2020, eq. 8",
    reads="Like Grad-CAM, with each channel's gradient averaged where the channel is active.",
    fails="A channel whose activations cancel out gets a weight without meaning.",
    same_on_pooled_head=True,
)
def xgradcam(activations: Tensor, gradients: Tensor, scores: Tensor) -> Tensor:
    """Show where a layer finds evidence, conserving the score as far as weights by channel can.

    activations, gradients (N, C, h, w), scores (N,) -> weighted channels (N, C, h, w).
    """
    exact = activations.double()  # a sum of signed activations can cancel
    total = exact.sum(dim=(2, 3), keepdim=True) + 1e-7
    weights = (gradients.double() * exact / total).sum(dim=(2, 3), keepdim=True)
    return weights.float() * activations
