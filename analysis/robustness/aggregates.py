"""What a network comes to over many corruptions, with intervals over samples.

Everything starts from one array: the accuracy of each cell over all samples and over each resample of them
(`accuracy_replicates`), and keeps that last axis, so that `bootstrap.interval` gives any of it its interval. Cells are
resampled alike, so that what cells have in common cancels in differences and ratios.

- mCE, in percent (Hendrycks and Dietterich 2019): mean over corruptions of the error summed over severities, divided
  by that of a reference. Published ImageNet-C numbers divide by AlexNet; CIFAR-C is reported un-normalised
  (`mean_error`), and dividing by another network of the sweep is what this app does there, and says so.
- relative mCE: the same of the error less the clean error, of both.
- robust gap: clean less corrupted accuracy.
- effective robustness (Taori et al. 2020): corrupted accuracy less what a straight line through the networks, in the
  logits of both accuracies, expects of that clean accuracy. They fit the line to networks trained plainly; here it
  goes through all that are given.
"""

import numpy as np
from scipy.special import expit, logit

from analysis.robustness.bootstrap import RESAMPLES, weights

FIFTEEN = (
    *("gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
    *("snow", "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression"),
)
"""The corruptions that mCE is the mean of."""

_AT_ONCE = 50_000_000  # numbers of (cells, samples) in float32


def accuracy_replicates(correct: np.ndarray, *, seed: int = 0, resamples: int = RESAMPLES) -> np.ndarray:
    """correct (M, C, S) int8, -1 unknown -> (M, C, 1 + R) float32: over all samples, then over each resample.

    nan where nothing is known, as in a cell that is not there.
    """
    cells = correct.reshape(-1, correct.shape[-1])
    made = np.full((len(cells), 1 + resamples), np.nan, np.float32)
    step = max(_AT_ONCE // max(cells.shape[1], 1), 1)
    for start in range(0, len(cells), step):
        made[start : start + step] = _shares(cells[start : start + step], seed, resamples)
    return made.reshape(*correct.shape[:-1], -1)


def corruption_errors(accuracies: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Mean error over severities: accuracies (M, C, R), places (K, V) in C, -1 where a severity is not there
    -> (M, K, R), nan where a cell is missing.
    """
    there = places >= 0
    errors = np.where(there[..., None], 1 - accuracies[:, places], 0)
    with np.errstate(invalid="ignore"):
        return errors.sum(axis=2) / there.sum(axis=1)[:, None]


def mce(errors: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Percent: errors (M, K, R), the reference's (K, R) or (K, 1) -> (M, R)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return 100 * (errors / reference).mean(axis=1)


def relative_mce(
    errors: np.ndarray, clean: np.ndarray, reference: np.ndarray, reference_clean: np.ndarray
) -> np.ndarray:
    """Percent: as `mce`, with the clean errors (M, R) and (R,) or () taken off.

    nan where the reference loses nothing.
    """
    lost = reference - reference_clean
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = (errors - clean[:, None]) / np.where(np.abs(lost) > 0, lost, np.nan)
    return 100 * shares.mean(axis=1)


def mean_error(errors: np.ndarray) -> np.ndarray:
    """Un-normalised, as CIFAR-C is reported: (M, K, R) -> (M, R)."""
    return errors.mean(axis=1)


def robust_gap(errors: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """Accuracy that is lost: errors (M, K, R), clean errors (M, R) -> (M, R)."""
    return errors.mean(axis=1) - clean


def effective_robustness(clean: np.ndarray, corrupted: np.ndarray, samples: int) -> np.ndarray:
    """Accuracies (M, R) each -> what is above the line (M, R).

    nan with fewer than three networks, or when all have one clean accuracy: no line says anything then. Accuracies of 0
    and 1 are taken as half a sample away from them.
    """
    there = np.isfinite(clean[:, 0]) & np.isfinite(corrupted[:, 0])
    found = np.full(clean.shape, np.nan)
    if there.sum() < 3:
        return found
    edge = 0.5 / max(samples, 1)
    x, y = (logit(np.clip(a[there].astype(np.float64), edge, 1 - edge)) for a in (clean, corrupted))
    centred = x - x.mean(axis=0)
    spread = (centred**2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.where(spread > 1e-12, (centred * y).sum(axis=0) / spread, np.nan)
    found[there] = corrupted[there] - expit(y.mean(axis=0) + slope * centred)
    return found


def _shares(correct: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    """(cells, S) int8 -> (cells, 1 + R)."""
    right, known, there = (correct == 1).astype(np.float32), None, np.ones(len(correct), bool)
    if correct.size and correct.min() < 0:
        judged = np.asarray(correct >= 0)
        there = np.asarray(judged.any(axis=1))
        same = np.asarray(judged[there].all(axis=0))
        alike = np.array_equal(judged[there], np.broadcast_to(same, (int(there.sum()), len(same))))
        known = (same if alike else judged).astype(np.float32)  # mostly what is unknown is so in all cells
    made = []
    for drawn in weights(correct.shape[1], seed, resamples):
        often = drawn.astype(np.float32)
        total = often.sum(axis=0) if known is None else known @ often
        with np.errstate(invalid="ignore", divide="ignore"):
            made.append(np.where(there[:, None], right @ often / total, np.nan))
    return np.concatenate(made, axis=1)
