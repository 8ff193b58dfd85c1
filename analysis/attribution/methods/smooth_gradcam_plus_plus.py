"""Smooth Grad-CAM++: Grad-CAM++ with derivatives averaged over noisy copies (Omeiza et al. 2019, eq. 8-9).

The paper also looks at a subset of a layer's maps, or at chosen neurons of them: `maps` and `cells`.
"""

from typing import Annotated

import torch
from torch import Tensor

from analysis.attribution.methods.gradcam_plus_plus import plus_plus_weights
from analysis.attribution.registry import METHODS
from analysis.errors import BadParameter
from analysis.registry import Range


@METHODS.register(
    "noisy",
    "smooth_gradcam++",
    label="Smooth Grad-CAM++",
    paper="Omeiza et al. 2019, eq. 8-9",
    reads="Grad-CAM++ averaged over noisy copies of the picture: what stays lit does not hang on single pixels.",
    fails="Each noisy copy costs a pass; strong noise explains the noise.",
    differs="The map multiplies the mean activation over the copies, which for one copy without noise is Grad-CAM++.",
)
def smooth_gradcam_plus_plus(
    activations: Tensor,
    gradients: Tensor,
    scores: Tensor,
    *,
    samples: Annotated[int, Range(1, 64)] = 8,
    noise: Annotated[float, Range(0, 1)] = 0.15,
    seed: int = 0,
    maps: str = "",
    cells: str = "",
) -> Tensor:
    """Show the target under noise, for the whole layer, some of its maps, or some neurons.

    activations, gradients (S, N, C, h, w) of S noisy copies, scores (S, N) -> weighted channels (N, C, h, w).
    `noise` is the standard deviation as a fraction of each image's range. `maps` lists channels ("0-15, 40");
    `cells` is a box of neurons as "rows, columns" ("2-5, 3-6", both ends included). Empty means all.
    """
    mean = activations.mean(dim=0)
    chosen = _chosen(maps, cells, mean)
    exact = gradients.double()
    derivatives = [(exact**power).mean(dim=0) * chosen for power in (1, 2, 3)]
    weights = plus_plus_weights(mean.double(), *derivatives)
    return weights.float() * mean * chosen


def _chosen(maps: str, cells: str, like: Tensor) -> Tensor:
    """Ones at the chosen channels and cells: (1, C, h, w)."""
    _, channels, rows, columns = like.shape
    mask = torch.ones(1, channels, rows, columns, dtype=like.dtype, device=like.device)
    if maps.strip():
        kept = torch.zeros(channels, dtype=torch.bool, device=like.device)
        for part in maps.split(","):
            first, last = _span(part, channels, "maps")
            kept[first : last + 1] = True
        mask = mask * kept.view(1, -1, 1, 1)
    if cells.strip():
        parts = cells.split(",")
        if len(parts) != 2:
            raise BadParameter(f"smooth_gradcam++: 'cells' takes rows and columns such as '2-5, 3-6', got '{cells}'.")
        (top, bottom), (left, right) = _span(parts[0], rows, "cells"), _span(parts[1], columns, "cells")
        box = torch.zeros_like(mask)
        box[:, :, top : bottom + 1, left : right + 1] = 1
        mask = mask * box
    return mask


def _span(text: str, size: int, name: str) -> tuple[int, int]:
    """Read one number or two joined by a dash -> first and last, inside 0 .. size - 1."""
    first, _, last = text.strip().partition("-")
    last = last or first
    if not (first.strip().isdecimal() and last.strip().isdecimal() and int(first) <= int(last) < size):
        raise BadParameter(f"smooth_gradcam++: '{name}' takes numbers from 0 to {size - 1}, got '{text.strip()}'.")
    return int(first), int(last)
