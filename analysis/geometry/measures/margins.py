"""How far each sample's own class is ahead, in logits and as a distance in feature space (Elsayed et al. 2018)."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.intervals import median
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "head",
    "margin_logit",
    label="Median logit margin",
    group="last layer",
    tells="margin",
    paper="Bartlett, Foster & Telgarsky 2017, arXiv 1706.08498",
    convention="Median over samples of z_y - max z_j over j other than y; z from the head, before any temperature.",
    reads="Above 0 the head is right, by so much; samples below 0 are errors.",
    fails="Scaling the logits scales the margin and changes no answer.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def margin_logit(features: Features) -> Measured:
    """features with a head -> the median; arrays: quantiles (K, 5), classes (K,), samples (N,) NaN where unknown."""
    if features.no_truth or features.judged is None:
        return undefined(features.no_truth)
    return _margin(features, features.judged.margins)


@MEASURES.register(
    "head",
    "margin_distance",
    label="Median distance to the decision boundary",
    group="last layer",
    tells="margin",
    paper="Elsayed et al. 2018, arXiv 1803.05598, exact for a linear head",
    convention="Median over samples of min over j of (z_y - z_j) / ||w_y - w_j||, in units of this tap's features.",
    reads="How far a sample's features would have to move for the answer to change; below 0 it is already wrong.",
    fails="It is a distance between features, not between images, and grows with the scale of the features.",
    better="high",
    unmoved=("permutation", "rotation", "shift"),
)
def margin_distance(features: Features) -> Measured:
    """features with a head -> the median; arrays: quantiles (K, 5), classes (K,), samples (N,) NaN where unknown."""
    if features.no_truth or features.judged is None:
        return undefined(features.no_truth)
    return _margin(features, features.judged.distances)


def _margin(features: Features, values: np.ndarray) -> Measured:
    if not np.isfinite(values).any():
        return undefined("a margin takes two classes with different weights", features.labelled)
    arrays = {"quantiles": features.per_class(values), "classes": features.classes, "samples": values}
    return median(values, arrays, features.missing)
