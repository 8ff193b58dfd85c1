"""Small pictures of a projection, for a strip: points as pixels, without axes."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

SIZE = (220, 165)
MOST = 20_000
MARGIN = 6


def png(points: np.ndarray, colours: np.ndarray, lit: np.ndarray | None = None, size: tuple[int, int] = SIZE) -> bytes:
    """points (N, 2 or 3), of which the first two axes are drawn; colours (N, 3) uint8; lit (N,): 0 hidden, 1 faded,
    2 lit -> a PNG without ground, drawn at twice the size. Lit points lie over faded ones.
    """
    width, height = 2 * size[0], 2 * size[1]
    drawn = np.flatnonzero(np.isfinite(points).all(axis=1) & (True if lit is None else lit > 0))
    if len(drawn) > MOST:
        drawn = np.sort(np.random.default_rng(0).choice(drawn, MOST, replace=False))
    canvas = np.zeros((height, width, 4), np.uint8)
    if len(drawn):
        x, y = _places(points[drawn, :2], width, height)
        faint = np.ones(len(drawn), bool) if lit is None else lit[drawn] > 1
        radius = 4 if len(drawn) < 1500 else 3 if len(drawn) < 6000 else 2
        for which in (~faint, faint):
            _stamp(canvas, x[which], y[which], colours[drawn][which], radius, 255 if which is faint else 70)
    buffer = io.BytesIO()
    Image.fromarray(canvas, "RGBA").resize(size, Image.Resampling.LANCZOS).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def _places(points: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels, with one scale for both axes: up is up."""
    low, high = points.min(axis=0), points.max(axis=0)
    spans = np.where(high > low, high - low, 1)
    scale = min((width - 2 * MARGIN) / spans[0], (height - 2 * MARGIN) / spans[1])
    middle = (low + high) / 2
    x = np.round(width / 2 + scale * (points[:, 0] - middle[0])).astype(int)
    y = np.round(height / 2 - scale * (points[:, 1] - middle[1])).astype(int)
    return x, y


def _stamp(canvas: np.ndarray, x: np.ndarray, y: np.ndarray, colours: np.ndarray, radius: int, alpha: int) -> None:
    """Squares around each place; later ones over earlier ones."""
    height, width = canvas.shape[:2]
    for dx in range(-(radius // 2), (radius + 1) // 2):
        for dy in range(-(radius // 2), (radius + 1) // 2):
            at_x, at_y = x + dx, y + dy
            inside = (at_x >= 0) & (at_x < width) & (at_y >= 0) & (at_y < height)
            canvas[at_y[inside], at_x[inside], :3] = colours[inside]
            canvas[at_y[inside], at_x[inside], 3] = alpha
