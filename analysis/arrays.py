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


def relative_difference(raw: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Where one map leans more on a place than another: each divided by its largest magnitude, then subtracted.

    raw (h, w), base (h', w') -> the larger of both sizes, float32 in -2..2: above zero where `raw` has more, of what
    it has. Magnitudes of two networks' maps say nothing beside each other, their proportions do.
    """
    size = max(raw.shape, base.shape, key=lambda shape: shape[0] * shape[1])
    one, other = (
        signed_display(values, None if values.shape == size else (size[0], size[1])) for values in (raw, base)
    )
    return (one - other).astype(np.float32)


def likeness(raw: np.ndarray, base: np.ndarray) -> float:
    """Pearson's correlation of two maps over their cells, at the larger of both sizes; nan where one is constant."""
    size = max(raw.shape, base.shape, key=lambda shape: shape[0] * shape[1])
    one, other = (v if v.shape == size else resized(v, (size[0], size[1])) for v in (raw, base))
    centred = [values.astype(np.float64) - values.mean(dtype=np.float64) for values in (one, other)]
    scale = float(np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum()))
    return float((centred[0] * centred[1]).sum() / scale) if scale > 0 else float("nan")


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
