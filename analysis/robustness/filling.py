"""What edits of objects share: the hole behind an object filled, the background blurred without it, its box."""

import torch
from torch import Tensor
from torch.nn import functional as F


def grown(masks: Tensor) -> Tensor:
    """Masks (n, H, W) bool with the pixels around the object: its soft rim belongs to it."""
    return F.max_pool2d(masks.float()[:, None], 3, stride=1, padding=1)[:, 0] > 0


def filled(images: Tensor, masks: Tensor) -> Tensor:
    """Images (n, C, H, W) with what is under the masks (n, H, W) made up from what is around.

    Averages of ever coarser cells over the pixels outside, taken where a finer cell knows nothing ("pull, push" of
    Gortler et al. 1996). Pixels outside the masks are left as they are; mid grey where a mask covers everything.
    """
    known = (~masks)[:, None].to(images)
    return _pulled(images * known, known)


def _pulled(sums: Tensor, known: Tensor) -> Tensor:
    """sums (n, C, h, w): colour times the share of each cell that is known (n, 1, h, w) -> colours."""
    if max(sums.shape[-2:]) == 1:
        return torch.where(known > 0, sums / known.clamp_min(1e-12), 0.5)
    coarse = _pulled(*(F.avg_pool2d(v, 2, ceil_mode=True, count_include_pad=False) for v in (sums, known)))
    pushed = F.interpolate(coarse, size=sums.shape[-2:], mode="bilinear", align_corners=False)
    return torch.where(known > 0, sums / known.clamp_min(1e-12), pushed)


def blurred_outside(images: Tensor, masks: Tensor, deviation: float) -> Tensor:
    """A Gaussian blur, deviation in pixels, that sees only what is outside the masks and inside the image."""
    known = (~masks)[:, None].to(images)
    down, across = (_kernels(side, deviation, images) for side in images.shape[-2:])
    sums, weights = (down @ values @ across.T for values in (images * known, known))
    return torch.where(weights > 1e-6, sums / weights.clamp_min(1e-6), filled(images, masks))


def _kernels(side: int, deviation: float, like: Tensor) -> Tensor:
    """What each pixel of a line takes of every other, (side, side): a bell without a normaliser."""
    places = torch.arange(side, device=like.device, dtype=like.dtype)
    return torch.exp(-0.5 * ((places[:, None] - places[None, :]) / max(deviation, 1e-6)) ** 2)


def boxes(masks: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """First row, last row, first column, last column of each object, (n,) int64; the whole image where it is empty."""
    found = []
    for axis in (2, 1):
        any_there = masks.any(dim=axis)
        any_there = any_there | ~any_there.any(dim=1, keepdim=True)
        found.append(any_there.int().argmax(dim=1))
        found.append(any_there.shape[1] - 1 - any_there.flip(1).int().argmax(dim=1))
    return found[0], found[1], found[2], found[3]


def centres(masks: Tensor) -> Tensor:
    """The middle of each object's box, (n, 2): (across, down) in pixels."""
    top, bottom, left, right = boxes(masks)
    return torch.stack(((left + right) / 2, (top + bottom) / 2), dim=1)


def cut(images: Tensor, masks: Tensor) -> Tensor:
    """Objects alone (n, C + 1, H, W): colours times how much of the object there is, which is the last channel."""
    there = masks[:, None].to(images)
    return torch.cat((images * there, there), dim=1)


def pasted(background: Tensor, objects: Tensor) -> Tensor:
    """Objects, as `cut` and then moved, over a background (n, C, H, W)."""
    return background * (1 - objects[:, -1:]) + objects[:, :-1]
