"""LayerCAM: positive gradients weigh each place of each channel (Jiang et al. 2021, eq. 5-6)."""

from torch import Tensor

from analysis.attribution.registry import METHODS


@METHODS.register(
    "gradients",
    "layercam",
    label="LayerCAM",
    paper="Jiang et al. 2021, eq. 5-6",
    reads="Fine detail at any depth: a place counts where raising it would raise the score.",
    fails="Only positive gradients count, so evidence against the class is hidden.",
)
def layercam(activations: Tensor, gradients: Tensor, scores: Tensor) -> Tensor:
    """Show evidence at the resolution of any layer.

    activations, gradients (N, C, h, w), scores (N,) -> weighted channels (N, C, h, w).
    """
    return gradients.clamp_min(0) * activations
