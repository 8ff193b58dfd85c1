"""Calinski-Harabasz: the spread of class means beside the spread within (Calinski & Harabasz 1974)."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "classes",
    "calinski_harabasz",
    label="Calinski-Harabasz",
    group="separability",
    paper="Calinski & Harabasz 1974, Communications in Statistics 3(1); scikit-learn's calinski_harabasz_score",
    convention="tr(B) / (K - 1) over tr(W) / (N - K), classes weighted by their samples.",
    reads="The larger, the further classes are apart beside their spread; about 1 where labels say nothing.",
    fails="It grows with the number of samples: compare values of the same n and the same classes only.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def calinski_harabasz(features: Features) -> Measured:
    """features of K classes -> 0 or more."""
    count, classes = features.labelled, len(features.classes)
    if features.no_spread:
        return undefined(features.no_spread, count)
    if count <= classes:
        return undefined("every class has a single sample, and nothing varies within", count)
    middle = features.counts @ features.class_means / count
    between = float(features.counts @ np.square(features.class_means - middle).sum(axis=1))
    within = float(np.nansum(features.apart))
    if not within > 1e-24 * between:
        return undefined("nothing varies within classes: it would be infinite", count)
    return Measured(between / (classes - 1) / (within / (count - classes)), count)
