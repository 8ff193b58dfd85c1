"""How directly each sample points to its class's mean."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.intervals import median
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "classes",
    "angle_to_mean",
    label="Angle to the own class's mean",
    group="last layer",
    tells="angle to the own class",
    paper="Papyan, Han & Donoho 2020, PNAS 117(40)",
    convention="Median over samples of the angle between h - mu_G and mu_y - mu_G; mu_G is the mean of class means.",
    reads="0 degrees: all samples of a class lie in one direction; 90 degrees: the class says nothing about direction.",
    fails="A sample is part of its class's mean, so with few samples a class the angles come out too small.",
    unit="degrees",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def angle_to_mean(features: Features) -> Measured:
    """features of K classes -> degrees; arrays: quantiles (K, 5), classes (K,), samples (N,) NaN where unknown."""
    if features.no_spread:
        return undefined(features.no_spread, features.labelled)
    angles = np.degrees(np.arccos(np.clip(features.nearest_means.own_cosines, -1, 1)))
    arrays = {"quantiles": features.per_class(angles), "classes": features.classes, "samples": angles}
    return median(angles, arrays, features.missing)
