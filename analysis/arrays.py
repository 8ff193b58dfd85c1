"""Display forms of a raw map: the result stays as computed, these are derived from it."""

from functools import lru_cache

import numpy as np

EPSILON = 1e-7


def resized(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w) float32 -> (rows, columns), bilinear with cell centres aligned (`align_corners=False`)."""
    import torch
    from torch.nn import functional as F

    tensor = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))[None, None]
    return F.interpolate(tensor, size=size, mode="bilinear", align_corners=False)[0, 0].numpy()


def display(raw: np.ndarray, size: tuple[int, int] | None = None) -> np.ndarray:
    """The usual picture of a map: ReLU, min-max, bilinear to `size`, min-max again.

    raw (h, w) -> (rows, columns) float32 in 0-1; all zero where the map has no positive value.
    """
    positive = stretched(np.maximum(raw, 0, dtype=np.float32))
    return positive if size is None else stretched(resized(positive, size))


def signed_display(raw: np.ndarray, size: tuple[int, int] | None = None) -> np.ndarray:
    """Divided by the largest magnitude, bilinear to `size`: (rows, columns) float32 in -1..1, zero stays zero."""
    scaled = (raw / max(float(np.abs(raw).max()), EPSILON)).astype(np.float32)
    return scaled if size is None else resized(scaled, size)


def stretched(values: np.ndarray) -> np.ndarray:
    """Minimum to 0, maximum to 1; a constant becomes 0."""
    shifted = values - values.min()
    return (shifted / (shifted.max() + EPSILON)).astype(np.float32)


def coloured(values: np.ndarray, colormap: str = "inferno") -> np.ndarray:
    """(H, W) in 0-1 -> (H, W, 3) uint8."""
    return _table(colormap)[np.clip(np.rint(values * 255), 0, 255).astype(np.uint8)]


def overlay(picture: np.ndarray, values: np.ndarray, opacity: float = 0.5, colormap: str = "inferno") -> np.ndarray:
    """Lay a map (H, W) in 0-1 over a picture (H, W, 3) uint8 -> (H, W, 3) uint8."""
    mixed = (1 - opacity) * picture + opacity * coloured(values, colormap)
    return np.rint(mixed).astype(np.uint8)


@lru_cache
def _table(colormap: str) -> np.ndarray:
    from matplotlib import colormaps

    return np.rint(colormaps[colormap](np.linspace(0, 1, 256))[:, :3] * 255).astype(np.uint8)
