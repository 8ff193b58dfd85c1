"""FEM: places where channels exceed their mean by k standard deviations (Fuad et al. 2020, eq. 1-3)."""

from typing import Annotated

from torch import Tensor

from analysis.attribution.registry import METHODS
from analysis.registry import Range


@METHODS.register(
    "activations",
    "fem",
    label="FEM",
    paper="Fuad et al. 2020, eq. 1-3",
    reads="Channels weighted by how much of them is unusually strong.",
    fails="Ignores the class.",
    class_agnostic=True,
    signed=False,
)
def fem(activations: Tensor, *, k: Annotated[float, Range(0, 5)] = 2.0) -> Tensor:
    """Show the rare and strong features.

    activations (N, C, h, w) -> weighted channels (N, C, h, w).
    """
    mean = activations.mean(dim=(2, 3), keepdim=True)
    deviation = activations.std(dim=(2, 3), keepdim=True, correction=0)
    strong = (activations > mean + k * deviation).to(activations.dtype)
    return strong.mean(dim=(2, 3), keepdim=True) * activations
