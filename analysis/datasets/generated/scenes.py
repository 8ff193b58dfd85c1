"""The pictures of Shapes: a ground, distracting pieces, one object, and perhaps a cue.

All B pictures of a block are drawn together. Shades are luminances in 0-1.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.datasets.generated import drawing

SIZE = 64
SHAPES = ("circle", "triangle", "square", "star")
TEXTURES = ("solid", "striped", "dotted")
Shortcut = Literal["none", "corner", "background", "border"]

_POINTS = np.array([48, 3, 4, 5])  # a circle is a polygon of 48 sides: off by 0.2 % of the radius
_DENT = np.where(np.arange(4) == 3, 0.46, np.cos(np.pi / _POINTS))  # inner over outer radius
_AREA = _POINTS * _DENT * np.sin(np.pi / _POINTS)  # of the figure with outer radius 1
_RADIUS = (6.0, 12.0)  # of the disc with the object's area, px
_CONTRAST = (0.11, 0.36)  # between object and ground, and between the two shades of a texture
_BEHIND, _BEFORE = 3, 1  # distracting pieces


@dataclass(frozen=True, slots=True, eq=False)
class Cue:
    """A mark that shows a class by its hue."""

    kind: Shortcut
    hue: np.ndarray  # (B,) turns
    strength: float  # 0 invisible, 1 strong


def scenes(rng: np.random.Generator, classes: np.ndarray, cue: Cue) -> tuple[np.ndarray, np.ndarray]:
    """Classes (B,) -> pictures (B, 64, 64, 3) uint8 and masks (B, 64, 64) bool."""
    shade = rng.uniform(0.25, 0.75, len(classes))
    canvas = _ground(rng, shade, cue)
    for _ in range(_BEHIND):
        _distract(rng, canvas, shade)
    cover = _object(rng, canvas, classes, shade)
    for _ in range(_BEFORE):
        cover = cover * (1 - _distract(rng, canvas, shade))
    _mark(canvas, cue)
    noise = rng.uniform(0.01, 0.06, len(classes)).astype(np.float32)
    canvas += noise[:, None, None, None] * rng.standard_normal(canvas.shape, dtype=np.float32)
    return (np.clip(canvas, 0, 1) * 255 + 0.5).astype(np.uint8), cover >= 0.5


def _ground(rng: np.random.Generator, shade: np.ndarray, cue: Cue) -> np.ndarray:
    """Two near colours, blended by clouds and a wave."""
    count = len(shade)
    x, y = drawing.planes(SIZE)
    across, _ = drawing.turned(x, y, rng.uniform(0, np.pi, count))
    wave = np.sin(across * drawing.per_picture(rng.uniform(0.2, 1.2, count)))
    blend = drawing.clouds(rng.random((count, 9, 9)), SIZE)
    blend += drawing.per_picture(rng.uniform(0, 0.5, count)) * wave
    half = rng.uniform(0.03, 0.12, count)
    colours = [drawing.toned(rng.random(count), shade + sign * half, rng.uniform(0, 0.3, count)) for sign in (-1, 1)]
    if cue.kind == "background":
        shown = [drawing.toned(cue.hue, shade + sign * half, np.full(count, 0.4)) for sign in (-1, 1)]
        colours = [(c + cue.strength * (s - c)).astype(np.float32) for c, s in zip(colours, shown, strict=True)]
    low, high = (c[:, None, None, :] for c in colours)
    return low + blend[..., None] * (high - low)


def _apart(rng: np.random.Generator, shade: np.ndarray, least: float, most: float) -> np.ndarray:
    """Shades that differ from the given by least to most, within 0.03-0.97, (B,)."""
    step = rng.uniform(least, most, len(shade)) * rng.choice((-1, 1), len(shade))
    fits = np.abs(shade + step - 0.5) <= 0.47
    return np.where(fits, shade + step, shade - step)


def _colour(rng: np.random.Generator, shade: np.ndarray) -> np.ndarray:
    return drawing.toned(rng.random(len(shade)), shade, rng.uniform(0, 0.45, len(shade)))


def _distract(rng: np.random.Generator, canvas: np.ndarray, shade: np.ndarray) -> np.ndarray:
    """One bar or crescent in each picture -> its coverage (B, S, S)."""
    count = len(shade)
    x, y = drawing.planes(SIZE)
    x, y = x - drawing.per_picture(rng.uniform(0, SIZE, count)), y - drawing.per_picture(rng.uniform(0, SIZE, count))
    x, y = drawing.turned(x, y, rng.uniform(0, 2 * np.pi, count))
    bar = drawing.bars(x, y, rng.uniform(3, 8, count), rng.uniform(0.8, 2, count))
    crescent = drawing.crescents(x, y, rng.uniform(3, 6, count))
    cover = np.where(drawing.per_picture(rng.random(count)) < 0.5, bar, crescent)
    drawing.painted(canvas, cover, _colour(rng, _apart(rng, shade, 0.1, 0.4)))
    return cover


def _object(rng: np.random.Generator, canvas: np.ndarray, classes: np.ndarray, shade: np.ndarray) -> np.ndarray:
    """One figure in each picture -> its coverage (B, S, S)."""
    count = len(classes)
    shape, texture = np.divmod(classes, len(TEXTURES))
    outer = rng.uniform(*_RADIUS, count) * np.sqrt(np.pi / _AREA[shape])
    middle = [outer + (SIZE - 1 - 2 * outer) * rng.random(count) for _ in range(2)]
    x, y = (p - drawing.per_picture(m) for p, m in zip(drawing.planes(SIZE), middle, strict=True))
    cover = drawing.points(
        *drawing.turned(x, y, rng.uniform(0, 2 * np.pi, count)), _POINTS[shape], outer, outer * _DENT[shape]
    )
    u, v = drawing.turned(x, y, rng.uniform(0, 2 * np.pi, count))
    u, v = u + drawing.per_picture(rng.uniform(0, 9, count)), v + drawing.per_picture(rng.uniform(0, 9, count))
    period = rng.uniform(4, 6.5, count)
    striped, dotted = drawing.stripes(u, period), drawing.dots(u, v, period)
    pattern = np.where(drawing.per_picture(texture) == 1, striped, dotted) * (drawing.per_picture(texture) > 0)
    first = _apart(rng, shade, *_CONTRAST)
    drawing.painted(canvas, cover, _colour(rng, first))
    drawing.painted(canvas, cover * pattern, _colour(rng, _apart(rng, first, *_CONTRAST)))
    return cover


def _mark(canvas: np.ndarray, cue: Cue) -> None:
    """A filled square in the top left corner, or a frame around the picture."""
    if cue.kind not in ("corner", "border"):
        return
    cover = np.zeros(canvas.shape[:3], np.float32)
    if cue.kind == "corner":
        side = 2 + round(6 * cue.strength)
        cover[:, :side, :side] = cue.strength
    else:
        width = 1 + round(2 * cue.strength)
        cover[:] = cue.strength
        cover[:, width:-width, width:-width] = 0
    drawing.painted(canvas, cover, drawing.hues(cue.hue))
