"""Low resolution: made smaller and enlarged again, both bicubic (the axis of LR0.FM, Pathak et al. 2025).

The shorter side becomes as many pixels as the severity says, the other in proportion. Making smaller averages over all
that a pixel covers, as Pillow does; the paper's sides for 224 pixels are 128, 64, 32 and 16.
"""

from torch import Tensor
from torch.nn import functional as F

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "low_resolution",
    label="Low resolution",
    group="resolution",
    paper="Pathak et al. 2025 (LR0.FM)",
    reads="Only what shows at that many pixels is left; the network still gets its own input size.",
    fails="An image whose shorter side is no longer than that stays as it is.",
    differs="48 pixels is ours, between the paper's 64 and 32; so are the sides for images below 224 pixels.",
    levels={"cifar": (24, 20, 16, 12, 8), "tiny": (48, 32, 24, 16, 8), "imagenet": (128, 64, 48, 32, 16)},
)
def low_resolution(images: Tensor, level: int, draws: Draws) -> Tensor:
    """level: pixels of the shorter side."""
    rows, columns = images.shape[-2:]
    short = min(rows, columns)
    if short <= level:
        return images
    small = (max(1, round(rows * level / short)), max(1, round(columns * level / short)))
    reduced = F.interpolate(images, size=small, mode="bicubic", antialias=True)
    return F.interpolate(reduced, size=(rows, columns), mode="bicubic", antialias=True)
