"""What collapse looks like when classes have different numbers of samples (Dang et al. 2023, arXiv 2301.00437).

The features of every sample are free, the head has no bias, the loss is squared:

    1/(2N) ||W H - Y||_F^2 + l_W/2 ||W||_F^2 + l_H/2 ||H||_F^2,   n_k of N samples of class k, Y one-hot

At its minimum all samples of a class are one vector h_k along w_k, and classes are orthogonal, so each is a problem of
two lengths. Where l_W ||w||^2 = l_H n_k ||h||^2, the product p = ||w|| ||h|| minimises
n_k/(2N) (p - 1)^2 + sqrt(l_W l_H n_k) p, so p = 1 - N sqrt(l_W l_H / n_k), and

    ||w_k||^2 = max(0, sqrt(n_k l_H / l_W) - N l_H)      ||h_k||^2 = max(0, sqrt(l_W / (l_H n_k)) - N l_W / n_k)

A class with n_k <= N^2 l_W l_H is lost: its weights and features are zero (minority collapse).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """Of classes with the counts (K,) that were given."""

    weight_squares: np.ndarray  # (K,) ||w_k||^2
    feature_squares: np.ndarray  # (K,) ||h_k||^2
    lost: np.ndarray  # (K,) bool: minority collapse


def predicted(counts: np.ndarray, *, weight_decay: float, feature_decay: float) -> Predicted:
    """counts (K,) above 0, l_W and l_H above 0 -> the lengths at the minimum."""
    n, total = counts.astype(np.float64), float(counts.sum())
    product = np.maximum(1 - total * np.sqrt(weight_decay * feature_decay / n), 0)
    ratio = np.sqrt(n * feature_decay / weight_decay)  # of ||w|| to ||h||
    return Predicted(product * ratio, product / ratio, product <= 0)


def fitted(counts: np.ndarray, weight_squares: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The two decays are rarely known: a sqrt(n_k) - b, a and b at least 0, of least squares over classes.

    counts, weight_squares (K,) -> predicted (K,), none below 0; a = sqrt(l_H / l_W); b = N l_H.
    """
    roots = np.sqrt(counts.astype(np.float64))
    apart = roots - roots.mean()
    slope = max(float(apart @ weight_squares) / max(float(apart @ apart), 1e-300), 0.0)
    offset = slope * float(roots.mean()) - float(weight_squares.mean())
    if offset < 0:  # the line through the origin
        slope, offset = max(float(roots @ weight_squares) / float(roots @ roots), 0.0), 0.0
    return np.maximum(slope * roots - offset, 0), slope, offset
