"""Whether lengths and angles of classes are as predicted for classes of different sizes (Dang et al. 2023)."""

import numpy as np

from analysis.geometry.angles import cosines, pairs
from analysis.geometry.features import Features
from analysis.geometry.groups import without_groups
from analysis.geometry.imbalance import fitted, predicted
from analysis.geometry.intervals import SHARE
from analysis.geometry.registry import MEASURES, Measured, undefined

_PAPER = "Dang et al. 2023, arXiv 2301.00437"
_UNEVEN = 1.5  # the largest class beside the smallest
_SIZES = 4  # different class sizes: through two, a line of two numbers always goes


@MEASURES.register(
    "head",
    "imbalance_fit",
    label="Weight lengths as class sizes predict",
    group="neural collapse",
    paper=_PAPER,
    convention="R^2 over classes of ||w_k||^2 by a sqrt(n_k) - b, where a = sqrt(l_H/l_W) and b = N l_H of squared "
    "loss without bias are fitted, neither below 0; n_k counts the samples given.",
    reads="1: larger classes have longer weights exactly as theory says; below 0: equal lengths would fit better.",
    fails="It needs the class sizes of training: of a test set with equal or other sizes it says nothing.",
    differs="The decays are fitted, as they are rarely known; where they are, analysis.geometry.imbalance predicts.",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    version=2,  # not of fewer than four different class sizes
)
def imbalance_fit(features: Features) -> Measured:
    """features with a head -> at most 1; arrays (K,): counts, weight_norms, mean_norms, predicted, classes.

    predicted_means (K,) too, the lengths of class means by the decays that were fitted, where both are above 0.
    """
    if features.no_truth or features.sound_head is None:
        return undefined(features.no_truth)
    classes, counts = features.known, features.counts[: len(features.known)]
    if len(np.unique(counts)) < 2:
        few = "fewer than two of the head's classes have samples"
        why = few if len(counts) < 2 else "all classes have the same number of samples"
        return undefined(why, features.judgeable)
    if (sizes := len(np.unique(counts))) < _SIZES:
        return undefined(f"classes have {sizes} different sizes, and two numbers are fitted", features.judgeable)
    squares = np.square(features.sound_head[0][classes]).sum(axis=1)
    apart = float(np.square(squares - squares.mean()).sum())
    if apart <= 1e-24 * float(np.square(squares).sum()):
        return undefined("all classes have equally long weights", features.judgeable)
    line, slope, offset = fitted(counts, squares)
    arrays = {
        "counts": counts,
        "weight_norms": np.sqrt(squares),
        "mean_norms": np.sqrt(np.square(features.class_means[: len(classes)]).sum(axis=1)),
        "predicted": np.sqrt(line),
        "classes": classes,
    }
    if slope > 0 and offset > 0:
        decay = offset / features.judgeable  # l_H; l_W = l_H / a^2
        of_means = predicted(counts, weight_decay=decay / slope**2, feature_decay=decay).feature_squares
        arrays["predicted_means"] = np.sqrt(of_means)
    said = () if offset > 0 else ("The best line has no decay of features in it: it goes through the origin.",)
    if counts.max() < _UNEVEN * counts.min():
        said += (f"Class sizes hardly differ: {counts.min():,} to {counts.max():,}.",)
    value = 1 - float(np.square(squares - line).sum()) / apart
    return Measured(value, features.judgeable, caveats=features.missing + said, arrays=arrays)


@MEASURES.register(
    "classes",
    "imbalance_orthogonality",
    label="Class means from orthogonal",
    group="neural collapse",
    tells="angles between class means",
    paper=_PAPER,
    convention="Mean over pairs of |cos(mu_i, mu_j)|, means about the origin.",
    reads="0: class means are orthogonal, as predicted for squared loss without bias, whatever the sizes of classes.",
    fails="After a ReLU no cosine is below 0, and a part that all features share brings every cosine near 1.",
    better="low",
    unmoved=("permutation", "rotation", "scaling"),
    of_means=True,
    version=2,
)
def imbalance_orthogonality(features: Features) -> Measured:
    """features of K classes -> 0 to 1; arrays: cosines (K, K) float32, counts, classes (K,)."""
    if features.no_classes:
        return undefined(features.no_classes, features.labelled)
    found = cosines(features.class_means)
    if found is None:
        return undefined("a class mean is at the origin, so it has no direction", features.labelled)
    arrays = {"cosines": found.astype(np.float32), "counts": features.counts, "classes": features.classes}
    value = float(np.abs(pairs(found)).mean())
    spread = without_groups(features, value, lambda rest: _apart(rest.means), SHARE)
    return Measured(value, features.labelled, *spread, caveats=features.missing, arrays=arrays)


def _apart(means: np.ndarray) -> float:
    found = cosines(means)
    return float("nan") if found is None else float(np.abs(pairs(found)).mean())
