"""Colour taken out, to plain grey at the last severity."""

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's mode L


@CORRUPTIONS.register(
    "colour_grey",
    label="Grey",
    group="colour",
    paper="Geirhos et al. 2018 (greyscale); ITU-R BT.601",
    reads="Mixed with its own grey picture; nothing but colour is lost.",
    fails="Classes told apart by shape alone are not harmed.",
    differs="Severities are ours: the paper has grey or not.",
    levels={"any": (0.2, 0.4, 0.6, 0.8, 1.0)},
)
def colour_grey(images: Tensor, level: float, draws: Draws) -> Tensor:
    """level: share of grey."""
    if images.shape[1] == 1:
        return images
    grey = (images * images.new_tensor(_LUMA)[:, None, None]).sum(dim=1, keepdim=True)
    return images + level * (grey - images)
