"""Which pairs of classes lie close to their common boundary."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.heads import squared_distances
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "head",
    "pair_margins",
    label="Smallest margin between two classes",
    group="last layer",
    tells="margin",
    paper="Elsayed et al. 2018, arXiv 1803.05598, for every pair of classes",
    convention="Smallest over pairs (y, j) of the median over samples of y of (z_y - z_j) / ||w_y - w_j||. No "
    "interval: one pair sets it.",
    reads="Row y, column j: how far the middle sample of y is from being called j; errors come from the smallest.",
    fails="The matrix is not symmetric: samples of y may be far from j while those of j are close to y.",
    better="high",
    unmoved=("permutation", "rotation", "shift"),
)
def pair_margins(features: Features) -> Measured:
    """features with a head -> the smallest; arrays: margins (K, L) float32, NaN at the own class; classes (K,)."""
    if features.no_truth or features.sound_head is None:
        return undefined(features.no_truth)
    weight, bias = features.sound_head
    if len(weight) < 2:
        return undefined("it takes two classes in the head and samples of one of them", features.labelled)
    gaps = np.sqrt(squared_distances(weight))
    margins = np.full((len(features.known), len(weight)), np.nan)
    for margin, label, members in zip(margins, features.known, features.members, strict=False):
        logits = features.values[members].astype(np.float64) @ weight.T + bias
        ahead = np.median(logits[:, [label]] - logits, axis=0)
        np.divide(ahead, gaps[label], out=margin, where=gaps[label] > 0)
    if np.isnan(margins).all():
        return undefined("all classes have the same weights", features.labelled)
    arrays = {"margins": margins.astype(np.float32), "classes": features.known}
    return Measured(float(np.nanmin(margins)), features.judgeable, caveats=features.missing, arrays=arrays)
