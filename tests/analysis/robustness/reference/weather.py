"""The weathers, an image at a time: bytes (H, W, 3) -> float64 of 0 to 255."""

import cv2
import numpy as np
from skimage.filters import gaussian

from analysis.robustness.textures import ice
from tests.analysis.robustness.reference.blur import enlarged, smeared
from tests.analysis.robustness.reference.chance import Chance


def snow(image: np.ndarray, level: tuple, chance: Chance) -> np.ndarray:
    mean, deviation, factor, threshold, radius, sigma, mix = level
    x = (image / 255.0).astype(np.float32)
    layer = chance.normal(1, *x.shape[:2])[0] * deviation + mean
    layer = enlarged(layer[..., None], factor)[..., 0]
    layer[layer < threshold] = 0
    layer = np.uint8(np.clip(layer, 0, 1) * 255)
    layer = smeared(layer, radius, sigma, angle=-135 + 90 * float(chance.uniform()))[..., None] / 255
    grey = cv2.cvtColor(x, cv2.COLOR_RGB2GRAY)[..., None]
    x = mix * x + (1 - mix) * np.maximum(x, grey * 1.5 + 0.5)
    return np.clip(x + layer + np.rot90(layer, k=2), 0, 1) * 255


def frost(image: np.ndarray, level: tuple, chance: Chance) -> np.ndarray:
    kept, part, scale = level
    panes = ice(scale).permute(0, 2, 3, 1).double().numpy() * 255
    pane = panes[int(chance.integers(0, 5))]
    rows, columns = image.shape[:2]
    top = int(chance.integers(0, pane.shape[0] - rows))
    left = int(chance.integers(0, pane.shape[1] - columns))
    return np.clip(kept * image + part * pane[top : top + rows, left : left + columns], 0, 255)


def fog(image: np.ndarray, level: tuple, chance: Chance) -> np.ndarray:
    thickness, decay = level
    x = image / 255.0
    most = x.max()
    rows, columns = x.shape[:2]
    side = 2 ** int(np.ceil(np.log2(max(rows, columns))))
    x = x + thickness * cloud(chance.uniform(side, side), decay)[:rows, :columns, None]
    return np.clip(x * most / (most + thickness), 0, 1) * 255


def cloud(chances: np.ndarray, decay: float) -> np.ndarray:
    """Diamond-square, a point at a time."""
    side = len(chances)
    heights = np.zeros((side, side))
    step, wibble = side, 100.0

    def put(row: int, column: int, around: list[tuple[int, int]]) -> None:
        mean = sum(heights[r % side, c % side] for r, c in around) / 4
        heights[row, column] = mean + wibble * wibble * (2 * chances[row, column] - 1)

    while step >= 2:
        half = step // 2
        for row in range(half, side, step):
            for column in range(half, side, step):
                corners = [(row + i * half, column + j * half) for i in (-1, 1) for j in (-1, 1)]
                put(row, column, corners)
        for row in range(0, side, half):
            for column in range((row + half) % step, side, step):
                put(
                    row,
                    column,
                    [(row - half, column), (row + half, column), (row, column - half), (row, column + half)],
                )
        step = half
        wibble /= decay
    heights -= heights.min()
    return heights / heights.max()


def spatter(image: np.ndarray, level: tuple, chance: Chance) -> np.ndarray:
    mean, deviation, sigma, threshold, strength, mud = level
    x = image / 255.0
    layer = gaussian(chance.normal(*x.shape[:2]) * deviation + mean, sigma=sigma)
    if mud:
        cover = gaussian((layer > threshold).astype(np.float64), sigma=strength)
        cover[cover < 0.8] = 0
        cover = cover[..., None]
        return np.clip(x * (1 - cover) + cover * np.array([63, 42, 20]) / 255, 0, 1) * 255
    layer[layer < threshold] = 0
    layer = (layer * 255).astype(np.uint8)
    light = layer * relief(layer)
    if light.max() > 0:
        light = light / light.max()
    return np.clip(x + strength * light[..., None] * np.array([175, 238, 238]) / 255, 0, 1) * 255


def relief(layer: np.ndarray) -> np.ndarray:
    """Bytes (H, W) -> float32 of 0 to 255, by OpenCV."""
    far = cv2.distanceTransform(255 - cv2.Canny(layer, 50, 150), cv2.DIST_L2, 5)
    _, far = cv2.threshold(far, 20, 20, cv2.THRESH_TRUNC)
    heights = cv2.equalizeHist(cv2.blur(far, (3, 3)).astype(np.uint8))
    kernel = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
    return cv2.blur(cv2.filter2D(heights, cv2.CV_8U, kernel), (3, 3)).astype(np.float32)
