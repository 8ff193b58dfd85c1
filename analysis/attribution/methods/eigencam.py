"""Eigen-CAM: the activations' first principal component (Muhammad and Yeasin 2020, eq. 3-4)."""

from torch import Tensor

from analysis.attribution.projection import first_component
from analysis.attribution.registry import METHODS


@METHODS.register(
    "activations",
    "eigencam",
    label="Eigen-CAM",
    paper="Muhammad and Yeasin 2020, eq. 3-4",
    reads="The strongest pattern in the layer, whatever the class: usually the main object.",
    fails="Ignores the class; with several objects it shows the most active one.",
    class_agnostic=True,
    differs="Channels are centred first, and the sign is the one that agrees with the activations' energy: "
    "a bare decomposition shows about a quarter of the pictures inverted.",
)
def eigencam(activations: Tensor) -> Tensor:
    """Show the strongest pattern of a layer.

    activations (N, C, h, w) -> maps (N, h, w).
    """
    return first_component(activations)
