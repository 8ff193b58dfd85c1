"""Squares of the image covered, here and there (Naseer et al. 2021, "random PatchDrop")."""

from typing import Annotated, Literal

import torch
from torch import Tensor

from analysis.registry import Range
from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "occlusion_patches",
    label="Occlusion patches",
    group="geometry",
    paper="Naseer et al. 2021",
    reads="That share of a grid's cells is covered; each severity covers what those before it cover, and more.",
    fails="A cover is a shape with edges of its own: networks may answer to it, not to what is missing.",
    differs="Mid grey instead of black unless chosen; a grid of 8 x 8 whatever the network's patches are.",
    levels={"any": (0.1, 0.2, 0.35, 0.5, 0.7)},
    random=True,
)
def occlusion_patches(
    images: Tensor,
    level: float,
    draws: Draws,
    *,
    cells: Annotated[int, Range(1, 64)] = 8,
    cover: Literal["grey", "black", "mean", "noise"] = "grey",
) -> Tensor:
    """level: share of the cells. cells: of the grid, a side. "mean" is the image's own mean colour."""
    rows, columns = images.shape[-2:]
    order = draws.uniform(cells * cells).argsort(dim=1).argsort(dim=1)  # each cell's rank
    covered = (order < round(level * cells * cells)).view(-1, cells, cells)
    down, across = (torch.arange(side, device=images.device) * cells // side for side in (rows, columns))
    covered = covered[:, down][:, :, across][:, None]
    if cover == "noise":
        return torch.where(covered, draws.uniform(*images.shape[1:]), images)
    if cover == "mean":
        return torch.where(covered, images.mean(dim=(2, 3), keepdim=True), images)
    return torch.where(covered, 0.5 if cover == "grey" else 0.0, images)
