"""The digital ones, an image at a time: bytes (H, W, 3) -> float64 of 0 to 255."""

from io import BytesIO

import cv2
import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.color import hsv2rgb, rgb2hsv
from skimage.filters import gaussian

from tests.analysis.robustness.reference.chance import Chance


def brightness(image: np.ndarray, level: float, chance: Chance) -> np.ndarray:
    hsv = rgb2hsv(image / 255.0)
    hsv[..., 2] = np.clip(hsv[..., 2] + level, 0, 1)
    return np.clip(hsv2rgb(hsv), 0, 1) * 255


def saturate(image: np.ndarray, level: tuple, chance: Chance) -> np.ndarray:
    hsv = rgb2hsv(image / 255.0)
    hsv[..., 1] = np.clip(hsv[..., 1] * level[0] + level[1], 0, 1)
    return np.clip(hsv2rgb(hsv), 0, 1) * 255


def contrast(image: np.ndarray, level: float, chance: Chance) -> np.ndarray:
    x = image / 255.0
    means = x.mean(axis=(0, 1), keepdims=True)
    return np.clip((x - means) * level + means, 0, 1) * 255


def pixelate(image: np.ndarray, level: float, chance: Chance) -> np.ndarray:
    side = image.shape[0]
    small = Image.fromarray(image).resize((int(side * level), int(side * level)), Image.Resampling.BOX)
    return np.asarray(small.resize((side, side), Image.Resampling.BOX)).astype(np.float64)


def jpeg_compression(image: np.ndarray, level: int, chance: Chance) -> np.ndarray:
    written = BytesIO()
    Image.fromarray(image).save(written, "JPEG", quality=level)
    with Image.open(written) as read:
        return np.asarray(read).astype(np.float64)


def elastic_transform(image: np.ndarray, level: tuple, chance: Chance) -> np.ndarray:
    height, sigma, reach = level
    x = image / 255.0
    rows, columns = x.shape[:2]
    middle, side = np.float32([rows // 2, columns // 2]), min(rows, columns) // 3
    before = np.float32([middle + side, [middle[0] + side, middle[1] - side], middle - side])
    after = before + reach * (2 * chance.uniform(3, 2) - 1)
    back = np.linalg.inv(np.vstack([cv2.getAffineTransform(before, np.float32(after)), [0, 0, 1]]))
    along, down = np.meshgrid(np.arange(columns), np.arange(rows))
    source = np.einsum("ij,jhw->ihw", back[:2], np.stack([along, down, np.ones_like(along)]))
    x = sampled(x, source[1], source[0], "mirror")
    noise = 2 * chance.uniform(2, rows, columns) - 1 if height else np.zeros((2, rows, columns))
    shift = [gaussian(n, sigma, mode="reflect", truncate=3) * height if height else n for n in noise]
    return np.clip(sampled(x, down + shift[1], along + shift[0], "reflect"), 0, 1) * 255


def sampled(image: np.ndarray, rows: np.ndarray, columns: np.ndarray, border: str) -> np.ndarray:
    channels = [ndimage.map_coordinates(image[..., c], (rows, columns), order=1, mode=border) for c in range(3)]
    return np.stack(channels, axis=-1)
