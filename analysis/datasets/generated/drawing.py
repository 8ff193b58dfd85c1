"""Drawing many small pictures at once: shapes by their distance, textures by waves, colours by hue.

B pictures of S x S pixels. Coordinates are in pixels, the middle of the top left pixel is (0, 0).
Coverages are in 0-1: what part of a pixel lies inside, from the distance to the edge.
"""

from collections.abc import Sequence

import numpy as np

F32 = np.float32


def planes(size: int) -> tuple[np.ndarray, np.ndarray]:
    """x (1, 1, S) and y (1, S, 1), float32."""
    line = np.arange(size, dtype=F32)
    return line[None, None, :], line[None, :, None]


def per_picture(values: np.ndarray) -> np.ndarray:
    """(B,) -> (B, 1, 1) float32, to go with planes."""
    return np.asarray(values, F32)[:, None, None]


def turned(x: np.ndarray, y: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates in a frame turned by `angle` (B,) radians -> two (B, S, S)."""
    cos, sin = per_picture(np.cos(angle)), per_picture(np.sin(angle))
    return x * cos + y * sin, y * cos - x * sin


def coverage(distance: np.ndarray) -> np.ndarray:
    """Distance to an edge in pixels, negative inside -> 0-1, one pixel wide."""
    return np.clip(F32(0.5) - distance, 0, 1, dtype=F32)


def points(x: np.ndarray, y: np.ndarray, count: np.ndarray, outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Coverage (B, S, S) of figures with `count` points at radius `outer` and dents at `inner` between them, (B,) each.

    A regular polygon is one whose dents lie on its edges (inner = outer * cos(pi / count)). The plane is
    folded into half a point, where the outline is one straight line.
    """
    wedge = np.pi / np.asarray(count, np.float64)
    fold = per_picture(wedge)
    angle = np.arctan2(y, x)
    angle = np.abs(np.mod(angle + fold, 2 * fold) - fold)
    radius = np.sqrt(x * x + y * y)
    along, across = outer - inner * np.cos(wedge), inner * np.sin(wedge)  # from the dent to the point
    length = np.hypot(along, across)
    normal_x, normal_y = per_picture(across / length), per_picture(along / length)
    distance = (radius * np.cos(angle) - per_picture(outer)) * normal_x + radius * np.sin(angle) * normal_y
    return coverage(distance)


def bars(x: np.ndarray, y: np.ndarray, half: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    """Coverage of round-ended bars along x, of half length `half` and half `thickness`, (B,) each."""
    reach = per_picture(half)
    beyond = x - np.clip(x, -reach, reach)
    return coverage(np.sqrt(beyond * beyond + y * y) - per_picture(thickness))


def crescents(x: np.ndarray, y: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Coverage of crescents: a disc without the disc moved by half its radius along x."""
    whole = per_picture(radius)
    moved = x - whole * F32(0.6)
    outside = np.sqrt(x * x + y * y) - whole
    inside = whole * F32(0.9) - np.sqrt(moved * moved + y * y)
    return coverage(np.maximum(outside, inside))


def stripes(x: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Coverage of stripes across x, as wide as the gaps between them."""
    step = per_picture(period)
    return coverage(np.abs(np.mod(x, step) - step / 2) - step / 4)


def dots(x: np.ndarray, y: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Coverage of discs on a square lattice, that fill about a third of it."""
    step = per_picture(period)
    across, down = np.mod(x, step) - step / 2, np.mod(y, step) - step / 2
    return coverage(np.sqrt(across * across + down * down) - step * F32(0.33))


def clouds(coarse: np.ndarray, size: int) -> np.ndarray:
    """Random grids (B, g, g) -> (B, S, S), bilinear."""
    cells = coarse.shape[1] - 1
    place = np.linspace(0, cells, size, endpoint=False, dtype=F32)
    low = place.astype(int)
    weight = np.zeros((size, cells + 1), F32)
    weight[np.arange(size), low] = 1 - (place - low)
    weight[np.arange(size), low + 1] = place - low
    return weight @ coarse.astype(F32) @ weight.T


def resampling(few: int, many: int) -> np.ndarray:
    """Weights (many, few) that enlarge a line of pixels, bilinear, edges repeated (middles of pixels matched)."""
    place = np.clip((np.arange(many) + 0.5) * few / many - 0.5, 0, few - 1)
    return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(few))).astype(F32)


def painted(canvas: np.ndarray, cover: np.ndarray, colour: np.ndarray) -> None:
    """Lay colours (B, 3) or (B, S, S, 3) over canvases (B, S, S, 3), in place, where `cover` (B, S, S) says."""
    over = colour[:, None, None, :] if colour.ndim == 2 else colour
    canvas += cover[..., None] * (over - canvas)


def hues(hue: np.ndarray) -> np.ndarray:
    """Hue in turns (B,) -> full colours (B, 3) in 0-1, red, green, blue at thirds of a turn."""
    offsets: Sequence[float] = (0.0, 2 / 3, 1 / 3)
    channels = [np.clip(np.abs(np.mod(hue + o, 1.0) * 6 - 3) - 1, 0, 1) for o in offsets]
    return np.stack(channels, axis=1).astype(F32)


def toned(hue: np.ndarray, luminance: np.ndarray, saturation: np.ndarray) -> np.ndarray:
    """Colours (B, 3) of a hue whose mean is about `luminance`, all (B,)."""
    full = hues(hue)
    grey = full - full.mean(axis=1, keepdims=True)
    return np.clip(luminance[:, None] + saturation[:, None] * grey, 0, 1).astype(F32)
