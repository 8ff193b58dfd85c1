"""Silhouette: whether samples are nearer to their own class than to the next (Rousseeuw 1987)."""

from typing import Annotated

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.intervals import mean
from analysis.geometry.nearest import all_one, surroundings
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.registry import Range


@MEASURES.register(
    "classes",
    "silhouette",
    label="Silhouette",
    group="separability",
    tells="spread within classes",
    paper="Rousseeuw 1987, J. Computational and Applied Mathematics 20; scikit-learn's silhouette_score",
    convention="Mean of (b - a) / max(a, b), a and b the mean Euclidean distances to the own class and to the nearest "
    "other; 0 for the single sample of a class; 300 drawn samples are asked, each beside all others.",
    reads="1: classes are tight and far apart; 0: as near to another class as to its own; below 0: nearer to another.",
    fails="Classes of several clusters or of different spreads score low, though a probe separates them.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    drawn=300,
)
def silhouette(features: Features, *, samples: Annotated[int, Range(50, 100_000)] = 300) -> Measured:
    """features of K classes -> -1 to 1; arrays: samples (m,), queries (m,) places in what was given."""
    if features.no_classes:
        return undefined(features.no_classes, features.labelled)
    if features.counts.max() < 2:
        return undefined("every class has a single sample", features.labelled)
    if all_one(features):
        return undefined("the features do not vary", features.labelled)
    found = surroundings(features, samples)
    apart, at = found.to_classes.copy(), (np.arange(len(found.queries)), features.places[found.queries])
    own = apart[at]
    apart[at] = np.inf
    other = np.where(np.isnan(apart), np.inf, apart).min(axis=1)
    larger = np.maximum(own, other)
    defined = np.isfinite(own) & (larger > 0)
    values = np.divide(other - own, larger, out=np.zeros(len(own)), where=defined)
    return mean(values, {"samples": values, "queries": features.rows[found.queries]})
