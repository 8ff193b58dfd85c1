"""Whether lengths and angles of classes are as predicted for classes of different sizes (Dang et al. 2023)."""

import numpy as np

from analysis.geometry.angles import cosines, pairs
from analysis.geometry.features import Features
from analysis.geometry.groups import without_groups
from analysis.geometry.imbalance import fitted
from analysis.geometry.intervals import SHARE
from analysis.geometry.registry import MEASURES, Measured, undefined

_PAPER = "Dang et al. 2023, arXiv 2301.00437"


@MEASURES.register(
    "head",
    "imbalance_fit",
    label="Weight lengths as class sizes predict",
    group="neural collapse",
    paper=_PAPER,
    convention="R^2 over classes of ||w_k||^2 by a sqrt(n_k) - b, where a = sqrt(l_H/l_W) and b = N l_H of squared "
    "loss without bias are fitted, neither below 0; n_k counts the samples given.",
    reads="1: larger classes have longer weights exactly as the theory of deep linear networks says.",
    fails="It needs the class sizes of training: of a test set with equal or other sizes it says nothing.",
    differs="The decays are fitted, as they are rarely known; where they are, analysis.geometry.imbalance predicts.",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def imbalance_fit(features: Features) -> Measured:
    """features with a head -> at most 1; arrays: counts, weight_norms, mean_norms, predicted, classes (K,)."""
    if features.no_truth or features.sound_head is None:
        return undefined(features.no_truth)
    classes, counts = features.known, features.counts[: len(features.known)]
    if len(np.unique(counts)) < 2:
        few = "fewer than two of the head's classes have samples"
        why = few if len(counts) < 2 else "all classes have the same number of samples"
        return undefined(why, features.judgeable)
    squares = np.square(features.sound_head[0][classes]).sum(axis=1)
    apart = float(np.square(squares - squares.mean()).sum())
    if apart <= 1e-24 * float(np.square(squares).sum()):
        return undefined("all classes have equally long weights", features.judgeable)
    line, _, offset = fitted(counts, squares)
    arrays = {
        "counts": counts,
        "weight_norms": np.sqrt(squares),
        "mean_norms": np.sqrt(np.square(features.class_means[: len(classes)]).sum(axis=1)),
        "predicted": np.sqrt(line),
        "classes": classes,
    }
    said = () if offset > 0 else ("The best line has no decay of features in it: it goes through the origin.",)
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
