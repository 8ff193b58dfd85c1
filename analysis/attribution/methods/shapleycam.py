"""Shapley-CAM: Grad-CAM with half a Hessian-vector product taken off (Cai 2025, eq. 11)."""

from torch import Tensor

from analysis.attribution.registry import METHODS


@METHODS.register(
    "curvature",
    "shapleycam",
    label="Shapley-CAM",
    paper="Cai 2025, eq. 11",
    reads="Grad-CAM corrected by how the gradient itself changes: the Shapley value to second order.",
    fails="Where the layers above are piecewise linear (ReLU) the correction is zero and it is Grad-CAM.",
    same_on_pooled_head=True,
)
def shapleycam(activations: Tensor, gradients: Tensor, products: Tensor) -> Tensor:
    """Show evidence with the curvature of the score taken into account.

    activations, gradients, products (Hessian times activations) (N, C, h, w) -> weighted channels (N, C, h, w).
    """
    return (gradients - 0.5 * products).mean(dim=(2, 3), keepdim=True) * activations
