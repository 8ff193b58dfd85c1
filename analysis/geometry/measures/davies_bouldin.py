"""Davies-Bouldin: how much each class overlaps with the one that it overlaps with most (Davies & Bouldin 1979)."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.groups import Rest, without_groups
from analysis.geometry.heads import squared_distances, unit_rows
from analysis.geometry.intervals import POSITIVE, Spread, none
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "classes",
    "davies_bouldin",
    label="Davies-Bouldin",
    group="separability",
    tells="spread within classes",
    paper="Davies & Bouldin 1979, IEEE TPAMI 1(2); scikit-learn's davies_bouldin_score",
    convention="Mean over classes of max over others of (s_i + s_j) / d_ij; s the mean distance of samples to their "
    "class mean, d between means; pairs whose means are the same point are left out.",
    reads="0: no spread within; the smaller, the less each class overlaps with its nearest one.",
    fails="A class with a single sample has no spread and looks perfect; only the nearest class of each counts.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def davies_bouldin(features: Features) -> Measured:
    """features of K classes -> 0 or more; arrays: per_class (K,), overlaps (K, K), classes (K,)."""
    if features.no_spread:
        return undefined(features.no_spread, features.labelled)
    if features.counts.max() < 2:
        return undefined("every class has a single sample, and nothing varies within", features.labelled)
    known = features.places >= 0
    spread = np.bincount(features.places[known], np.sqrt(features.apart[known])) / features.counts
    overlaps = _overlaps(spread, features.centred_means)
    per_class = overlaps.max(axis=1)
    single = int(np.count_nonzero(features.counts == 1))
    said = (f"{single:,} classes have a single sample, and so no spread.",) if single else ()
    arrays = {"per_class": per_class, "overlaps": overlaps, "classes": features.classes}
    value = float(per_class.mean())
    return Measured(value, features.labelled, *_spread(features, value, spread), caveats=said, arrays=arrays)


def _overlaps(spread: np.ndarray, means: np.ndarray) -> np.ndarray:
    """(K,), (K, D) -> (K, K)."""
    apart = np.sqrt(squared_distances(means))
    return np.divide(spread[:, None] + spread, apart, out=np.zeros_like(apart), where=apart > 0)


def _spread(features: Features, value: float, spread: np.ndarray) -> Spread:
    """Of the value; as a mean moves, distances to it move by their slope."""
    sums = features.group_sums
    if sums is None:
        return none()
    there = sums.groups >= 0
    own = np.zeros(sums.counts.shape)
    np.add.at(own, (sums.groups[there], features.places[there]), np.sqrt(features.apart[there]))
    slopes = sums.summed(lambda part, where: unit_rows(part - features.class_means[features.places[where]]))
    totals, slope = spread * features.counts, slopes.sum(axis=0)

    def of_rest(rest: Rest) -> float:
        moved = rest.means - features.class_means
        left = totals - own[rest.group] - ((slope - slopes[rest.group]) * moved).sum(axis=1)
        return float(_overlaps(np.maximum(left, 0) / rest.counts, rest.centred).max(axis=1).mean())

    return without_groups(features, value, of_rest, POSITIVE)
