"""HiResCAM: gradient times activation, place by place (Draelos and Carin 2020, eq. 6)."""

from torch import Tensor

from analysis.attribution.registry import METHODS


@METHODS.register(
    "gradients",
    "hirescam",
    label="HiResCAM",
    paper="Draelos and Carin 2020, eq. 6",
    reads="What each place adds to the score, to first order: faithful where one linear layer follows.",
    fails="Noisier than Grad-CAM in early layers.",
    same_on_pooled_head=True,
)
def hirescam(activations: Tensor, gradients: Tensor, scores: Tensor) -> Tensor:
    """Show each place's own contribution.

    activations, gradients (N, C, h, w), scores (N,) -> products (N, C, h, w).
    """
    return gradients * activations
