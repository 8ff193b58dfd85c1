"""Label sharpness K_F: how fast labels change from sample to sample (Konz & Mazurowski 2024).

    K_F = max over pairs of 1[y_i != y_j] / ||x_i - x_j||, of at most 1,000 samples

one over the distance of the two nearest samples of different classes. The authors' public code has (y1 == y2) where
the paper has the difference of labels; the paper's sense is taken here.
"""

from dataclasses import replace
from typing import Annotated

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.registry import Range

_PAPER = "Konz & Mazurowski 2024, arXiv 2401.08865, eq. 4"
_OF = "the largest 1[y_i != y_j] / ||x_i - x_j|| over pairs of at most 1,000 drawn samples"


@MEASURES.register(
    "classes",
    "label_sharpness",
    label="Label sharpness",
    group="dimension",
    tells="label sharpness",
    paper=_PAPER,
    convention=f"K_F: {_OF}; in one over the features' own unit.",
    reads="Large: samples of different classes lie close, so that labels change fast and are harder to learn.",
    fails="One mislabelled or odd pair sets it, so that there is no interval, and it depends on "
    "the scale of features: compare data, not layers.",
    differs="Labels that differ count 1 whatever they are; the authors' stored code counts labels that are equal.",
    better="low",
    unmoved=("permutation", "rotation", "shift"),
    version=2,
)
def label_sharpness(features: Features, *, most: Annotated[int, Range(100, 5000)] = 1000) -> Measured:
    """features of K classes -> above 0; arrays: nearest (n,) distance to another class, rows (n,), pair (2,) rows."""
    return _sharpness(features, most)


@MEASURES.register(
    "classes",
    "label_sharpness_relative",
    label="Label sharpness beside the spread",
    group="dimension",
    tells="label sharpness",
    paper=_PAPER,
    convention=f"K_F times the root mean squared distance of samples from their mean; K_F is {_OF}.",
    reads="How many times closer than samples are spread the closest two of different classes lie: fit for comparing "
    "layers and networks.",
    fails="One mislabelled or odd pair sets it: other draws differ widely, and there is no interval.",
    differs="The factor is ours: without it, features of twice the length have half the sharpness.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    version=2,
)
def label_sharpness_relative(features: Features, *, most: Annotated[int, Range(100, 5000)] = 1000) -> Measured:
    """features of K classes -> above 0; arrays as of label_sharpness."""
    found = _sharpness(features, most)
    if found.why:
        return found
    spread = float(np.sqrt(features.spectrum.sum()))
    return replace(found, value=found.value * spread)


def _sharpness(features: Features, most: int) -> Measured:
    if features.no_classes:
        return undefined(features.no_classes, features.labelled)
    if features.no_variance:
        return undefined(features.no_variance, features.labelled)
    found = features.rivals(most)
    if found is None:
        return undefined("the drawn samples are of one class", min(most, features.labelled))
    n, at = len(found.places), int(found.distances.argmin())
    if found.distances[at] <= 1e-12 * np.sqrt(features.size):
        return undefined("two samples of different classes have the same features", n)
    value = float(1 / found.distances[at])
    rows = features.rows[found.places]
    arrays = {"nearest": found.distances, "rows": rows, "pair": rows[[at, found.other[at]]]}
    return Measured(value, n, arrays=arrays)
