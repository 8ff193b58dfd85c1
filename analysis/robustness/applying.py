"""Corrupted images from images, a name and a severity: bytes in, bytes out."""

from collections.abc import Mapping
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor

from analysis.errors import BadParameter, NotApplicable
from analysis.robustness import CORRUPTIONS
from analysis.robustness.draws import Draws
from analysis.robustness.registry import SEVERITIES, Corruption, Table

NUDGE = 2.0**-13
"""Of a byte. The published code computes in float64; what is a whole byte there lies just below one in float32, and
truncation would make the next lower one of it."""

VALUES_AT_A_TIME = {"cpu": 1 << 20, "cuda": 1 << 26}


@overload
def corrupted(
    pixels: np.ndarray,
    places: np.ndarray,
    name: str,
    severity: int,
    *,
    seed: int = 0,
    params: Mapping[str, Any] | None = None,
    masks: np.ndarray | Tensor | None = None,
) -> np.ndarray: ...


@overload
def corrupted(
    pixels: Tensor,
    places: np.ndarray,
    name: str,
    severity: int,
    *,
    seed: int = 0,
    params: Mapping[str, Any] | None = None,
    masks: np.ndarray | Tensor | None = None,
) -> Tensor: ...


def corrupted(
    pixels: np.ndarray | Tensor,
    places: np.ndarray,
    name: str,
    severity: int,
    *,
    seed: int = 0,
    params: Mapping[str, Any] | None = None,
    masks: np.ndarray | Tensor | None = None,
) -> np.ndarray | Tensor:
    """Images as one corruption or edit leaves them.

    pixels (n, H, W, C) uint8, C 1 or 3, array or tensor on any device; `places` (n,): where each image is in its
    dataset, which with the seed and the name decides its chance; `masks` (n, H, W) bool: where the object is, for
    edits -> the same shape and type, on the same device. Values are cut off and truncated to bytes as the published
    sets are. A grey image goes through as three equal channels, and its green one is what comes back. In batches of
    another size a rare value may be one byte off, as sums round otherwise. Raises UnknownName, BadParameter for a
    severity or a parameter that is not there, NotApplicable for an attack or an edit without masks.
    """
    method = CORRUPTIONS[name]
    given = torch.from_numpy(np.require(pixels, requirements=("C", "W"))) if isinstance(pixels, np.ndarray) else pixels
    _, rows, columns, channels = given.shape
    level = _level(method, severity, rows, columns)
    shown = _masks(method, masks, given.device)
    bound = method.bound(params)
    found = torch.empty(given.shape, dtype=torch.uint8, device=given.device)
    together = max(VALUES_AT_A_TIME.get(given.device.type, 1 << 22) // max(rows * columns * 3, 1), 1)
    for start in range(0, len(given), together):
        part = slice(start, start + together)
        images = _images(given[part])
        draws = Draws(seed, name, np.asarray(places)[part], given.device)
        if shown is None:
            altered = method.function(images, level, draws, **bound)
        else:
            altered = method.function(images, shown[part], level, draws, **bound)
        found[part] = truncated(altered if channels == 3 else altered[:, 1:2]).permute(0, 2, 3, 1)
    return found.numpy() if isinstance(pixels, np.ndarray) else found


def table_of(name: str, rows: int, columns: int) -> Table:
    """Which levels serve images of this size: "cifar", "tiny", "imagenet" or "any"."""
    return CORRUPTIONS[name].table(rows, columns)


def truncated(images: Tensor) -> Tensor:
    """Values from 0 to 1 as bytes: cut off there, then truncated, not rounded; what is no number is 0. uint8."""
    return images.mul(255).add_(NUDGE).nan_to_num_(0.0).clamp_(0, 255).to(torch.uint8)


def _images(pixels: Tensor) -> Tensor:
    """Bytes (n, H, W, C) -> values from 0 to 1, (n, 3, H, W) float32."""
    images = pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format).div_(255)
    return images if images.shape[1] == 3 else images.expand(-1, 3, -1, -1).contiguous()


def _level(method: Corruption, severity: int, rows: int, columns: int) -> Any:
    if severity not in SEVERITIES:
        raise BadParameter(f"{method.name}: a severity is a whole number from 1 to 5, got {severity!r}.")
    return method.levels[method.table(rows, columns)][severity - 1]


def _masks(method: Corruption, masks: np.ndarray | Tensor | None, device: torch.device) -> Tensor | None:
    if method.kind == "attack":
        raise NotApplicable(f"{method.label} attacks a network and cannot alter images without one.")
    if method.kind == "corruption":
        return None
    if masks is None:
        raise NotApplicable(f"{method.label} needs a mask that shows where the object is, and there is none.")
    return torch.as_tensor(masks, device=device).bool()
