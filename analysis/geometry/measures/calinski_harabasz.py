"""Calinski-Harabasz: the spread of class means beside the spread within (Calinski & Harabasz 1974)."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.intervals import JACKKNIFE, jackknifed
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "classes",
    "calinski_harabasz",
    label="Calinski-Harabasz",
    group="separability",
    tells="spread within classes",
    paper="Calinski & Harabasz 1974, Communications in Statistics 3(1); scikit-learn's calinski_harabasz_score",
    convention="tr(B) / (K - 1) over tr(W) / (N - K), classes weighted by their samples.",
    reads="The larger, the further classes are apart beside their spread; about 1 where labels say nothing.",
    fails="It grows with the number of samples: compare values of the same n and the same classes only.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
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
    value = between / (classes - 1) / (within / (count - classes))
    half = jackknifed(count * value * _pulls(features, features.class_means - middle, between, within))
    return Measured(value, count, max(value - half, 0.0), value + half, JACKKNIFE)


def _pulls(features: Features, apart: np.ndarray, between: float, within: float) -> np.ndarray:
    """(n,) of labelled samples: the derivative of log (tr B / tr W) by each one's weight."""
    found = np.square(apart).sum(axis=1)[features.places] / between - features.apart / within
    for where, part in features.parts():
        own = features.places[where]
        found[where] += 2 * ((part - features.class_means[own]) * apart[own]).sum(axis=1) / between
    return found[features.places >= 0]
