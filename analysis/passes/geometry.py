"""Angle, length and margin of the last features (Li et al. 2024, "Understanding Robustness Lottery").

For a linear head, logits z_c = w_c . x + b_c = |w_c| |x| cos(angle_c) + b_c, and the margin of class y is
min over j != y of (z_y - z_j) / |w_y - w_j|: the signed distance of x to the nearest decision boundary, below zero
exactly where another class wins. The bias stays in it. All in float64 on the features, whatever the network ran in.

Where the true class of a sample is unknown, angle and margin are those of the predicted class (so that the margin
is never below zero): the caller decides by the classes that it gives.
"""

from dataclasses import dataclass

import numpy as np

_CANCELS = 1e-6  # of the squared lengths: nearer weights are subtracted, not expanded


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """The final linear map in float64: logits = features @ weight.T + bias."""

    weight: np.ndarray  # (L, D)
    bias: np.ndarray  # (L,)

    def logits(self, features: np.ndarray) -> np.ndarray:
        """features (N, D) -> (N, L) float64."""
        return features.astype(np.float64) @ self.weight.T + self.bias


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Three numbers a sample, (N,) float64; nan where there is none."""

    angle: np.ndarray  # radians, 0 to pi; none for features or weights that are all zero
    length: np.ndarray
    margin: np.ndarray  # none where no boundary exists (one class, or weights that are equal)


def geometry(features: np.ndarray, head: LinearHead, classes: np.ndarray) -> Geometry:
    """Where each sample lies against the directions and boundaries of a class.

    features (N, D), classes (N,) the class that each sample is measured against -> (N,) each.
    """
    features = features.astype(np.float64)
    length = np.linalg.norm(features, axis=1)
    directions = head.weight[classes]
    scale = length * np.linalg.norm(directions, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.einsum("nd,nd->n", directions, features) / scale
    return Geometry(np.arccos(np.clip(cosine, -1, 1)), length, margins(features, head, classes))


def angles(features: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """To every class direction: features (N, D), weight (L, D) -> (N, L) radians, nan for zero vectors."""
    features, weight = features.astype(np.float64), weight.astype(np.float64)
    scale = np.linalg.norm(features, axis=1)[:, None] * np.linalg.norm(weight, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.arccos(np.clip(features @ weight.T / scale, -1, 1))


def margins(features: np.ndarray, head: LinearHead, classes: np.ndarray) -> np.ndarray:
    """The signed distance to the nearest boundary of a class: features (N, D), classes (N,) -> (N,) float64."""
    logits = head.logits(features)
    rows = np.arange(len(logits))
    own, places = np.unique(classes, return_inverse=True)
    ahead = logits[rows, classes][:, None] - logits
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = ahead / weight_distances(head.weight, own)[places]
    # equal weights have no boundary between them: whoever has the larger bias is ahead everywhere
    distance[np.isnan(distance)] = np.inf
    distance[rows, classes] = np.inf
    nearest = distance.min(axis=1)
    return np.where(np.isfinite(nearest) & np.isfinite(logits).all(axis=1), nearest, np.nan)


def weight_distances(weight: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """|w_y - w_j| for the classes y given and all j: (L, D), (K,) -> (K, L)."""
    squares = np.einsum("ld,ld->l", weight, weight)
    total = squares[classes][:, None] + squares
    apart = np.maximum(total - 2 * weight[classes] @ weight.T, 0)
    for k, j in zip(*np.nonzero(apart < _CANCELS * total), strict=True):
        apart[k, j] = np.sum((weight[classes[k]] - weight[j]) ** 2)
    return np.sqrt(apart)
