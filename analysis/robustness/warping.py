"""Images moved, turned and resized: what geometric corruptions and edits of objects share."""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Border = Literal["reflect", "edge", "black"]
"""What is seen beyond an image's border: the image mirrored there, its outermost pixels, or nothing."""

_PADDING = {"reflect": "reflection", "edge": "border", "black": "zeros"}


def turning(degrees: Tensor, zoom: float = 1.0) -> Tensor:
    """Turned counterclockwise as seen, and enlarged `zoom` times: degrees (n,) -> matrices (n, 2, 2) for `warped`."""
    angle = degrees * (math.pi / 180)
    cosine, sine = angle.cos() / zoom, angle.sin() / zoom
    return torch.stack((torch.stack((cosine, -sine), dim=1), torch.stack((sine, cosine), dim=1)), dim=1)


def warped(
    images: Tensor, matrices: Tensor, centres: Tensor | None = None, *, border: Border, finer: int = 1
) -> Tensor:
    """Each image (n, C, H, W) under its own linear map about a centre, read with bilinear interpolation.

    matrices (n, 2, 2) take the offset (across, down) of a pixel that is written to the offset of the one that is
    read. centres (n, 2): (across, down) in pixels, the image's own unless given. finer: readings a side of a pixel
    that are averaged, for maps that shrink.
    """
    count, _, rows, columns = images.shape
    if centres is None:
        centres = images.new_tensor([(columns - 1) / 2, (rows - 1) / 2]).expand(count, 2)
    down, across = (_places(side, finer, images) for side in (rows, columns))
    written = torch.stack(torch.meshgrid(across, down, indexing="xy"), dim=-1)  # (H, W, 2)
    offsets = written - centres[:, None, None, :]
    read = torch.einsum("nij,nhwj->nhwi", matrices.to(images), offsets) + centres[:, None, None, :]
    grid = (2 * read + 1) / images.new_tensor([columns, rows]) - 1
    found = F.grid_sample(images, grid, padding_mode=_PADDING[border], align_corners=False)
    return F.avg_pool2d(found, finer) if finer > 1 else found


def shifted(images: Tensor, down: Tensor, across: Tensor, *, border: Border) -> Tensor:
    """Each image (n, C, H, W) moved by whole pixels (n,) int64: values are not changed, only their places."""
    rows, columns = images.shape[-2:]
    read_rows = torch.arange(rows, device=images.device) - down[:, None]
    read_columns = torch.arange(columns, device=images.device) - across[:, None]
    every = torch.arange(len(images), device=images.device)[:, None, None]
    from_rows, from_columns = within(read_rows, rows, border), within(read_columns, columns, border)
    moved = images[every, :, from_rows[:, :, None], from_columns[:, None, :]].permute(0, 3, 1, 2)
    if border != "black":
        return moved
    seen = _inside(read_rows, rows)[:, :, None] & _inside(read_columns, columns)[:, None, :]
    return moved * seen[:, None]


def within(places: Tensor, side: int, border: Border) -> Tensor:
    """Places beyond 0 .. side - 1 brought back to those whose pixels are seen there, int64."""
    if border != "reflect":
        return places.clamp(0, side - 1)
    turned = places.remainder(2 * side)
    return torch.where(turned < side, turned, 2 * side - 1 - turned)


def drawn_sign(draws: Tensor) -> Tensor:
    """Uniform numbers in [0, 1) -> 1 or -1."""
    return torch.where(draws < 0.5, 1.0, -1.0)


def _inside(places: Tensor, side: int) -> Tensor:
    return (places >= 0) & (places < side)


def _places(side: int, finer: int, like: Tensor) -> Tensor:
    """The pixels' own places, or `finer` times as many, evenly spread over the same side."""
    return (torch.arange(side * finer, device=like.device, dtype=like.dtype) + 0.5) / finer - 0.5
