"""The blurs, an image at a time: bytes (H, W, 3) -> float64 of 0 to 255."""

import cv2
import numpy as np
from scipy import ndimage
from skimage.filters import gaussian

from tests.analysis.robustness.reference.chance import Chance


def gaussian_blur(image: np.ndarray, level: float, chance: Chance) -> np.ndarray:
    return np.clip(gaussian(image / 255.0, sigma=level, channel_axis=-1), 0, 1) * 255


def defocus_blur(image: np.ndarray, level: tuple, chance: Chance) -> np.ndarray:
    radius, alias = level
    reach, side = (8, 3) if radius <= 8 else (int(radius), 5)
    x, y = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    disc = (x**2 + y**2 <= radius**2).astype(np.float64)
    kernel = cv2.GaussianBlur(disc / disc.sum(), ksize=(side, side), sigmaX=alias)
    return np.clip(cv2.filter2D(image / 255.0, -1, kernel), 0, 1) * 255


def glass_blur(image: np.ndarray, level: tuple, chance: Chance) -> np.ndarray:
    sigma, reach, rounds = level
    x = np.uint8(gaussian(image / 255.0, sigma=sigma, channel_axis=-1) * 255 + 1e-9)
    rows, columns = x.shape[:2]
    for _ in range(rounds):
        moves = chance.integers(-reach, reach, 2, rows, columns)
        for row in range(rows - reach, reach, -1):
            for column in range(columns - reach, reach, -1):
                across, down = moves[:, row, column]
                x[row, column] = x[row + down, column + across]  # a copy: the other pixel keeps its colour
    return np.clip(gaussian(x / 255.0, sigma=sigma, channel_axis=-1), 0, 1) * 255


def motion_blur(image: np.ndarray, level: tuple, chance: Chance) -> np.ndarray:
    return smeared(image, *level, angle=-45 + 90 * float(chance.uniform()))


def smeared(image: np.ndarray, radius: float, sigma: float, angle: float) -> np.ndarray:
    """ImageMagick's MotionBlurImage on bytes, its border repeated, rounded to bytes: float64 of 0 to 255."""
    width = int(2 * np.ceil(radius) + 1)
    weights = np.array([np.exp(-(i * i) / (2 * sigma * sigma)) for i in range(width)])
    weights /= weights.sum()
    point_x, point_y = width * np.sin(np.deg2rad(angle)), width * np.cos(np.deg2rad(angle))
    total = np.zeros(image.shape)
    rows, columns = np.arange(image.shape[0]), np.arange(image.shape[1])
    for i in range(width):
        off_x = int(np.ceil(i * point_y / np.hypot(point_x, point_y) - 0.5))
        off_y = int(np.ceil(i * point_x / np.hypot(point_x, point_y) - 0.5))
        from_rows = np.clip(rows + off_y, 0, len(rows) - 1)
        from_columns = np.clip(columns + off_x, 0, len(columns) - 1)
        total += weights[i] * image[from_rows][:, from_columns]
    return np.floor(total + 0.5)


def zoom_blur(image: np.ndarray, level: tuple, chance: Chance) -> np.ndarray:
    x = (image / 255.0).astype(np.float32)
    factors = np.arange(1, *level)
    total = np.zeros_like(x)
    for factor in factors:
        total += enlarged(x, factor)
    return np.clip((x + total) / (len(factors) + 1), 0, 1) * 255


def enlarged(image: np.ndarray, factor: float) -> np.ndarray:
    """The middle of (H, H, C), enlarged to the size of the whole."""
    side = image.shape[0]
    kept = int(np.ceil(side / factor))
    top = (side - kept) // 2
    large = ndimage.zoom(image[top : top + kept, top : top + kept], (factor, factor, 1), order=1)
    trim = (large.shape[0] - side) // 2
    return large[trim : trim + side, trim : trim + side]
