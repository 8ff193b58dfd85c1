"""How directly each sample points along its class's weights."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.intervals import median
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "head",
    "angle_to_weight",
    label="Angle to the own class's weights",
    group="last layer",
    tells="angle to the own class",
    paper="Liu et al. 2017, SphereFace, arXiv 1704.08063",
    convention="Median over samples of the angle between h and w_y, both about the origin.",
    reads="Small angles mean that samples lie along the weights of their class; the head reads length on top of that.",
    fails="After a ReLU all features lie in one orthant, so angles above 90 degrees are rare whatever the class.",
    unit="degrees",
    better="low",
    unmoved=("permutation", "rotation", "scaling"),
)
def angle_to_weight(features: Features) -> Measured:
    """features with a head -> degrees; arrays: quantiles (K, 5), classes (K,), samples (N,) NaN where unknown."""
    if features.no_truth or features.judged is None:
        return undefined(features.no_truth)
    angles = np.degrees(np.arccos(np.clip(features.judged.own_cosines, -1, 1)))
    arrays = {"quantiles": features.per_class(angles), "classes": features.classes, "samples": angles}
    return median(angles, arrays, features.missing)
