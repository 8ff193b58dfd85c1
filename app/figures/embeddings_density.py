"""Density of very many points as a picture that lies under those that are drawn."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

INK = {"light": (11, 110, 105), "dark": (120, 200, 192)}
MOST_ALPHA = 150


def png(counts: np.ndarray, inks: np.ndarray | None = None, *, dark: bool) -> bytes:
    """counts (rows, columns), row 0 at the top; inks (rows, columns, 3) uint8 -> a PNG.

    Its opacity grows with the logarithm of the counts. Without inks all cells have one colour.
    """
    strength = np.log1p(np.maximum(counts, 0).astype(np.float64))
    most = strength.max(initial=0.0)
    alpha = np.zeros(counts.shape, np.uint8) if most == 0 else (MOST_ALPHA * strength / most).astype(np.uint8)
    colours = np.empty((*counts.shape, 4), np.uint8)
    colours[..., :3] = INK["dark" if dark else "light"] if inks is None else inks
    colours[..., 3] = alpha
    buffer = io.BytesIO()
    Image.fromarray(colours, "RGBA").save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()
