"""The noises, an image at a time: bytes (H, W, 3) -> float64 of 0 to 255. Chance has channels first, as ours."""

import numpy as np
from scipy import stats

from tests.analysis.robustness.reference.chance import Chance


def gaussian_noise(image: np.ndarray, level: float, chance: Chance) -> np.ndarray:
    x = image / 255.0
    return np.clip(x + level * _last(chance.normal(3, *x.shape[:2])), 0, 1) * 255


def speckle_noise(image: np.ndarray, level: float, chance: Chance) -> np.ndarray:
    x = image / 255.0
    return np.clip(x + x * level * _last(chance.normal(3, *x.shape[:2])), 0, 1) * 255


def shot_noise(image: np.ndarray, level: float, chance: Chance) -> np.ndarray:
    x = image / 255.0
    counts = stats.poisson.ppf(_last(chance.uniform(3, *x.shape[:2])), x * level)
    return np.clip(np.maximum(counts, 0) / level, 0, 1) * 255


def impulse_noise(image: np.ndarray, level: float, chance: Chance) -> np.ndarray:
    x = image / 255.0
    flipped = _last(chance.uniform(3, *x.shape[:2])) < level
    salted = _last(chance.uniform(3, *x.shape[:2])) < 0.5
    x[flipped & salted] = 1
    x[flipped & ~salted] = 0
    return x * 255


def _last(values: np.ndarray) -> np.ndarray:
    return values.transpose(1, 2, 0)
