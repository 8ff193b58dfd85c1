"""EigenGrad-CAM: the first principal component of gradient times activation (Gildenblat et al., 2021)."""

from torch import Tensor

from analysis.attribution.projection import first_component
from analysis.attribution.registry import METHODS


@METHODS.register(
    "gradients",
    "eigengradcam",
    label="EigenGrad-CAM",
    paper="Gildenblat et al. 2021 (software), after Muhammad and Yeasin 2020",
    reads="The strongest pattern among what matters for the target.",
    fails="The component may mix evidence for and against.",
    differs="The sign is the one that agrees with the summed products, as HiResCAM has them.",
)
def eigengradcam(activations: Tensor, gradients: Tensor, scores: Tensor) -> Tensor:
    """Show the main pattern of evidence.

    activations, gradients (N, C, h, w), scores (N,) -> maps (N, h, w).
    """
    products = gradients * activations
    return first_component(products, sign=products.sum(dim=1))
