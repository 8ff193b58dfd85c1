"""Colours turned around the circle of hues; lightest and darkest channel, and so chroma, stay (HSV)."""

import torch
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS
from analysis.robustness.warping import drawn_sign


@CORRUPTIONS.register(
    "hue",
    label="Hue",
    group="colour",
    paper="Ours; HSV after Smith 1978",
    reads="Every colour becomes another by the same angle; grey stays grey.",
    fails="Images of little colour are hardly changed. Equal angles are not equally visible.",
    levels={"any": (20.0, 45.0, 75.0, 120.0, 180.0)},
    random=True,
)
def hue(images: Tensor, level: float, draws: Draws) -> Tensor:
    """level: degrees, to one side or the other."""
    if images.shape[1] == 1:
        return images
    largest, place = images.max(dim=1)
    chroma = largest - images.amin(dim=1)
    red, green, blue = images.unbind(dim=1)
    sixth = torch.where(place == 0, green - blue, torch.where(place == 1, blue - red, red - green))
    sixth = sixth / torch.where(chroma > 0, chroma, 1.0) + 2.0 * place  # of six sixths of the circle
    turned = sixth + (level / 60) * drawn_sign(draws.uniform())[:, None, None]
    channels = []
    for start in (5, 3, 1):  # where red, green and blue are darkest, and their ways back up
        way = (start + turned).remainder(6)
        channels.append(largest - chroma * torch.minimum(way, 4 - way).clamp(0, 1))
    return torch.stack(channels, dim=1)
