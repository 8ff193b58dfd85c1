"""The light of another hour: red lifted and blue lowered, or the other way round (Afifi and Brown 2019).

"What else can fool deep learning? Addressing color constancy errors on deep neural network performance" renders wrong
white balances by learned maps; ours is the plain model of von Kries, a gain for each channel.
"""

from typing import Literal

import torch
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS
from analysis.robustness.warping import drawn_sign


@CORRUPTIONS.register(
    "colour_cast",
    label="White balance",
    group="colour",
    paper="Afifi and Brown 2019; von Kries 1902",
    reads="A warm or a cold cast, as of a camera that took the light for another.",
    fails="Gains are of the stored values, not of light: a gamma lies between the two.",
    differs="A gain a channel instead of learned maps; severities are ours.",
    levels={"any": (0.1, 0.2, 0.3, 0.45, 0.6)},
    random=True,
)
def colour_cast(
    images: Tensor, level: float, draws: Draws, *, way: Literal["either", "warm", "cold"] = "either"
) -> Tensor:
    """level: by what share one of red and blue rises and the other falls."""
    if images.shape[1] == 1:
        return images
    if way == "either":
        change = level * drawn_sign(draws.uniform())
    else:
        change = torch.full((len(images),), level if way == "warm" else -level)
    gains = torch.stack((1 + change, torch.ones_like(change), 1 - change), dim=1)
    return images * gains[:, :, None, None].to(images)
