"""Silhouette: whether samples are nearer to their own class than to the next (Rousseeuw 1987)."""

from typing import Annotated

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.groups import GROUPS
from analysis.geometry.intervals import from_groups, none
from analysis.geometry.nearest import Surroundings, all_one, surroundings
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
    version=2,
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
    values = _values(found)
    value, spread = float(values.mean()), none()
    if found.divided:
        without = [_values(found, g)[found.groups[found.queries] != g].mean() for g in range(GROUPS)]
        spread = from_groups(value, np.array(without), (-1.0, 1.0))
    arrays = {"samples": values, "queries": features.rows[found.queries]}
    return Measured(value, len(values), *spread, arrays=arrays)


def _values(found: Surroundings, group: int = -1) -> np.ndarray:
    """(m,) of each sample that is asked, without the samples of a group around it."""
    apart, at = found.to_classes(group), (np.arange(len(found.queries)), found.own)
    own = apart[at]
    apart[at] = np.inf
    other = np.where(np.isnan(apart), np.inf, apart).min(axis=1)
    larger = np.maximum(own, other)
    defined = np.isfinite(own) & (larger > 0)
    return np.divide(other - own, larger, out=np.zeros(len(own)), where=defined)
