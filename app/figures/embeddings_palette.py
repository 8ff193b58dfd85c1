"""Colours of points: as far apart as the number of classes lets them be, and ramps for numbers."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from app.figures.colours import PALETTES
from app.figures.variant_colours import FAMILIES

NOTHING = "#8F979A"
"""Of what has no class, or no value."""

RIGHT, WRONG = "#0F8A80", "#C8452F"
RAMPS = {"light": tuple(PALETTES["viridis"][:-1][::-1]), "dark": tuple(PALETTES["viridis"][2:])}
"""Dark means more on light ground, light means more on dark; the end that would vanish in the ground is left out."""

_GOLDEN = 0.61803398875  # turns of the hue: neighbours in the order are far apart, however many there are
_LIGHTNESS = (0.48, 0.62, 0.40)
_SATURATION = (0.60, 0.50, 0.66)


@lru_cache(maxsize=32)
def classes(count: int) -> tuple[str, ...]:
    """One colour a class; the first thirteen are those of the product's figures, more cannot be told apart by eye."""
    made = [_turned(i) for i in range(max(0, count - len(FAMILIES)))]
    return (*FAMILIES[:count], *made)


def _turned(place: int) -> str:
    hue, row = (0.08 + place * _GOLDEN) % 1, place % len(_LIGHTNESS)
    shares = colorsys.hls_to_rgb(hue, _LIGHTNESS[row], _SATURATION[row])
    return "#" + "".join(f"{round(255 * share):02X}" for share in shares)


def rgb(colours: Sequence[str]) -> np.ndarray:
    """Colours written as #rrggbb -> (n, 3) uint8."""
    return np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours], np.uint8).reshape(-1, 3)
