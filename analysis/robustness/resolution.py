"""How much of its accuracy a network keeps at low resolution, over several datasets: SAR and WAR.

"LR0.FM: low-resolution benchmark and improving robustness for zero-shot classification in foundation models"
(Pathak et al. 2025). Relative robustness is gamma = A_low / A_full. It flatters a network that knows next to nothing:
chance stays chance. So gamma' = gamma (1 - exp(-200 (A_full - 1 / L)^2)), L classes, which falls to 0 with A_full at
chance. SAR is the plain mean of gamma over datasets, WAR the mean of gamma' with a weight for each dataset.
"""

import numpy as np

from analysis.errors import BadParameter

PUBLISHED_WEIGHTS = {
    "EuroSAT": 1.0,
    "ImageNet-A": 0.970,
    "Aircraft": 0.823,
    "DTD": 0.506,
    "SUN397": 0.408,
    "ImageNet": 0.156,
    "Food101": 0.01,
    "Caltech101": 0.01,
    "UCF101": 0.01,
    "ImageNet-R": 0.01,
}
"""Of some of the paper's datasets, as its code gives them."""

SIDES = (16, 32, 64, 128)
"""The resolutions of the paper, in pixels; full is 224."""

_SHARPNESS = 200.0


def relative(low: np.ndarray, full: np.ndarray) -> np.ndarray:
    """gamma: accuracies (0 to 1) at low and at full resolution, of shapes that broadcast; nan where full is 0."""
    low, full = np.asarray(low, np.float64), np.asarray(full, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(full > 0, low / full, np.nan)


def relative_above_chance(low: np.ndarray, full: np.ndarray, classes: np.ndarray | int) -> np.ndarray:
    """gamma': as `relative`, and near 0 where the network is near chance at full resolution."""
    above = np.asarray(full, np.float64) - 1 / np.asarray(classes, np.float64)
    return relative(low, full) * (1 - np.exp(-_SHARPNESS * above**2))


def sar(low: np.ndarray, full: np.ndarray) -> float:
    """Simple aggregated robustness: the mean of gamma over datasets, accuracies (D,)."""
    return float(relative(low, full).mean())


def war(low: np.ndarray, full: np.ndarray, classes: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Weighted aggregated robustness: the mean of gamma' over datasets, all four (D,). Weights are equal unless given.

    BadParameter for weights that are below 0 or all 0.
    """
    values = relative_above_chance(low, full, classes)
    given = np.ones_like(values) if weights is None else np.asarray(weights, np.float64)
    if given.shape != values.shape or not np.isfinite(given).all() or given.min() < 0 or given.sum() == 0:
        raise BadParameter(f"WAR takes a weight of 0 or more for each of {values.size} datasets; got {weights}.")
    return float((given * values).sum() / given.sum())
