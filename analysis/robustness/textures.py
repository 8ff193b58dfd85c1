"""Textures of ice, made and not photographed: five pictures that frost is cut from.

Crystals are ridges of fractal noise: where noise of several scales changes its sign, a bright needle lies. Each picture
has its own direction, density and light. Nothing is read from a file, and the pictures never change.
"""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from analysis.robustness.draws import Draws

ROWS, COLUMNS = 600, 800
COUNT = 5
_LIGHT = (0.36, 0.46, 0.42, 0.38, 0.52)  # mean of each picture
_SPREAD = (0.17, 0.16, 0.19, 0.17, 0.14)  # standard deviation of each picture
_SLANT = (0.3, 0.9, 1.7, 2.4, 2.9)  # direction of the needles, radians
_LONG = (3.0, 1.5, 2.0, 4.0, 2.5)  # how many times longer than wide
DEEP, PALE = (0.30, 0.45, 0.62), (0.93, 0.97, 1.0)  # the colours of thin and of thick ice


@lru_cache(maxsize=4)
def ice(scale: float) -> Tensor:
    """All pictures, made smaller by linear interpolation: (5, 3, rows, columns) float32 from 0 to 1, whole bytes."""
    pictures = _full()
    if scale != 1:
        sides = (round(ROWS * scale), round(COLUMNS * scale))
        pictures = F.interpolate(pictures, size=sides, mode="bilinear", align_corners=False)
    return (pictures * 255).round_().div_(255)


@lru_cache(maxsize=1)
def _full() -> Tensor:
    thickness = np.stack([_picture(number) for number in range(COUNT)])
    thin, thick = (np.array(c)[:, None, None] for c in (DEEP, PALE))
    depth = thickness[:, None]
    # dark glass, then deep ice, then pale
    colours = np.where(depth < 0.5, 2 * depth * thin, thin + (2 * depth - 1) * (thick - thin))
    return torch.from_numpy(colours.clip(0, 1).astype(np.float32))


def _picture(number: int) -> np.ndarray:
    """How thick the ice is, (ROWS, COLUMNS) from 0 to 1."""
    draws = Draws(0, "ice", np.array([number]))
    needles = np.zeros((ROWS, COLUMNS))
    for octave in range(5):
        for turn in (0.0, np.pi / 3):
            noise = _noise(draws, 2.0**octave, _SLANT[number] + turn, _LONG[number])
            needles += 0.6**octave * (1 - np.abs(noise).clip(0, 1))
    patches = _noise(draws, 0.5, 0.0, 1.0)
    mixed = _standard(needles) + 0.8 * _standard(patches)
    return (_LIGHT[number] + _SPREAD[number] * _standard(mixed)).clip(0, 1)


def _noise(draws: Draws, frequency: float, angle: float, stretch: float) -> np.ndarray:
    """Smooth noise of unit variance whose spectrum lies about `frequency` (in sixths of a picture's short side)."""
    white = draws.normal(ROWS, COLUMNS)[0].double().numpy()
    down, along = np.fft.fftfreq(ROWS)[:, None], np.fft.rfftfreq(COLUMNS)
    with_it = (along * np.cos(angle) + down * np.sin(angle)) * stretch
    across = (down * np.cos(angle) - along * np.sin(angle)) / stretch
    radius = np.hypot(with_it, across) * ROWS / 6 / frequency
    return _standard(np.fft.irfft2(np.fft.rfft2(white) * np.exp(-(radius**2) / 2), s=white.shape))


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()
