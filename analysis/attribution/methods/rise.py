"""RISE: the score under random masks, averaged by what each mask left visible (Petsiuk et al. 2018, eq. 6)."""

import math
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.attribution.masking import Score, chunks, scores_of_masked
from analysis.attribution.registry import METHODS
from analysis.registry import Range


@METHODS.register(
    "masks",
    "rise",
    label="RISE",
    paper="Petsiuk, Das & Saenko 2018, eq. 6 and section 3.2",
    reads="Where leaving the image visible raises the score, compared with a mask's average.",
    fails="Grainy with few masks, and blind to objects that any of several places gives away.",
    differs="The score is the logit, whose zero means nothing, so its mean over the masks is taken off first "
    "(`centred`); the authors use the probability as it is, and 4000 to 8000 masks.",
    slow=True,
    ignores_tap=True,
)
def rise(
    score: Score,
    images: Tensor,
    activations: Tensor | None,
    *,
    masks: Annotated[int, Range(10, 10000)] = 256,
    cells: Annotated[int, Range(2, 32)] = 7,
    visible: Annotated[float, Range(0.05, 0.95)] = 0.5,
    centred: bool = True,
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0,
) -> Tensor:
    """Show which places the score needs to see, black-box.

    score, images (N, C, H, W), activations unused -> maps (N, H, W): score x mask, summed over the masks, over
    masks x visible. Hidden pixels take the mean colour. Every image sees the same masks.
    """
    size = (images.shape[-2], images.shape[-1])
    grids, shifts = _drawn(masks, cells, visible, size, seed)
    score.expect(masks * len(images))
    total, seen = torch.zeros_like(images[:, 0]), torch.zeros_like(images[0, 0])
    sums = images.new_zeros(len(images))
    for chunk in chunks(masks, images):
        smooth = smooth_masks(grids[chunk].to(images), shifts[chunk], size)
        scores = scores_of_masked(score, images, smooth)
        total += torch.einsum("nm,mhw->nhw", scores, smooth)
        seen += smooth.sum(dim=0)
        sums += scores.sum(dim=1)
    if centred:
        total -= (sums / masks)[:, None, None] * seen
    return total / (masks * visible)


def _drawn(masks: int, cells: int, visible: float, size: tuple[int, int], seed: int) -> tuple[Tensor, Tensor]:
    """Coarse masks (masks, cells, cells) of 0 and 1, and shifts (masks, 2) in pixels within one cell."""
    generator = torch.Generator().manual_seed(seed)
    grids = (torch.rand(masks, cells, cells, generator=generator) < visible).float()
    reach = torch.tensor([math.ceil(side / cells) for side in size])
    shifts = (torch.rand(masks, 2, generator=generator) * reach).long()
    return grids, shifts


def smooth_masks(grids: Tensor, shifts: Tensor, size: tuple[int, int]) -> Tensor:
    """Enlarge bilinearly to one cell more than the image, and cut it out at the shift.

    grids (M, g, g), shifts (M, 2), size (H, W) -> (M, H, W), 0 to 1.
    """
    cells = grids.shape[-1]
    large = [(cells + 1) * math.ceil(side / cells) for side in size]
    smooth = F.interpolate(grids[:, None], size=large, mode="bilinear", align_corners=False)[:, 0]
    rows, columns = size
    pairs = zip(smooth, shifts.tolist(), strict=True)
    return torch.stack([m[down : down + rows, right : right + columns] for m, (down, right) in pairs])
