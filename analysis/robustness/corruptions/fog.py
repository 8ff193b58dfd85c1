"""Fog: a cloud is added and the image made darker, so that it fits (Hendrycks & Dietterich 2019)."""

from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.plasma import clouds
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "fog",
    label="Fog",
    group="weather",
    paper="Hendrycks & Dietterich 2019; clouds: Fournier, Fussell & Carpenter 1982",
    reads="Contrast goes and a bright, uneven layer comes: near to contrast and brightness in one.",
    fails="The cloud knows no distance: near and far are veiled alike.",
    levels={
        "cifar": ((0.2, 3.0), (0.5, 3.0), (0.75, 2.5), (1.0, 2.0), (1.5, 1.75)),
        "tiny": ((0.4, 3.0), (0.7, 3.0), (1.0, 2.5), (1.5, 2.0), (2.0, 1.75)),
        "imagenet": ((1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4)),
    },
    benchmark=True,
    random=True,
)
def fog(images: Tensor, level: tuple[float, float], draws: Draws) -> Tensor:
    """Add a cloud and scale back to the brightest value that the image had.

    images (n, C, H, W), level: how thick the cloud is, how fast its small scales fade -> images of the same shape. The
    cloud is the corner of one whose side is the next power of two.
    """
    thickness, decay = level
    rows, columns = images.shape[-2:]
    side = 1 << (max(rows, columns) - 1).bit_length()
    cloud = clouds(draws.uniform(side, side), decay)[:, None, :rows, :columns]
    brightest = images.amax((1, 2, 3), keepdim=True)
    return (images + thickness * cloud) * (brightest / (brightest + thickness))
