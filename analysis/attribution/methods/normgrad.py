"""NormGrad: the size of each place's contribution to a virtual 1x1 convolution's gradient (Rebuffi et al. 2020, eq. 5).

The gradient of an identity 1x1 convolution's weights at place u is the outer product g_u x_u^T, whose
Frobenius norm is |g_u| |x_u|.
"""

from torch import Tensor

from analysis.attribution.registry import METHODS


@METHODS.register(
    "gradients",
    "normgrad",
    label="NormGrad",
    paper="Rebuffi et al. 2020, eq. 5 (scaling, order 0)",
    reads="How strongly each place takes part in the decision, at any depth.",
    fails="A norm has no sign: evidence for and against look alike.",
    signed=False,
)
def normgrad(activations: Tensor, gradients: Tensor, scores: Tensor) -> Tensor:
    """Show where the network would learn most from.

    activations, gradients (N, C, h, w), scores (N,) -> maps (N, h, w), not negative.
    """
    return activations.norm(dim=1) * gradients.norm(dim=1)
