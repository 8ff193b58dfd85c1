"""NC2, as one number: how far class means, and weights, are from a simplex equiangular tight frame (Zhu et al. 2021).

|| G / ||G||_F - (I - 11'/C) / sqrt(C - 1) ||_F,   G = M M' of centred means (C, D), or W W'
"""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.groups import without_groups
from analysis.geometry.registry import MEASURES, Measured, undefined

_PAPER = "Zhu et al. 2021, arXiv 2105.02375, section 5"
_SPAN = (0.0, float(np.sqrt(2)))


@MEASURES.register(
    "classes",
    "nc2_mean_simplex",
    label="NC2: means from a simplex",
    group="neural collapse",
    tells="angles between class means",
    paper=_PAPER,
    convention="|| MM'/||MM'||_F - (I - 11'/C)/sqrt(C - 1) ||_F of centred class means, not squared.",
    reads="0: means are equally long and at the largest equal angles; at most sqrt(2).",
    fails="It mixes lengths and angles; fewer features than C - 1 cannot hold a simplex at all.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def nc2_mean_simplex(features: Features) -> Measured:
    """features of K classes -> 0 to sqrt(2)."""
    if features.no_spread:
        return undefined(features.no_spread, features.labelled)
    caveats = features.missing
    if features.width < len(features.classes) - 1:
        caveats = (*caveats, f"{features.width:,} features cannot hold a simplex of {len(features.classes):,} classes.")
    value = _distance(features.centred_means)
    spread = without_groups(features, value, lambda rest: _distance(rest.centred), _SPAN)
    return Measured(value, features.labelled, *spread, caveats=caveats)


@MEASURES.register(
    "head",
    "nc2_weight_simplex",
    label="NC2: weights from a simplex",
    group="neural collapse",
    tells="angles between class weights",
    paper=_PAPER,
    convention="|| WW'/||WW'||_F - (I - 11'/C)/sqrt(C - 1) ||_F, weights not centred, not squared.",
    reads="0: the head itself is a simplex; at most sqrt(2).",
    fails="A part that all weights share changes no answer, but it counts here.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def nc2_weight_simplex(features: Features) -> Measured:
    """features with weight (L, D) -> 0 to 2."""
    if features.sound_head is None:
        return undefined(features.no_head)
    weight, _ = features.sound_head
    if len(weight) < 2 or not weight.any():
        return undefined("it takes two classes, and weights that are not all zero")
    return Measured(_distance(weight), 0)


def _distance(vectors: np.ndarray) -> float:
    count = len(vectors)
    gram = vectors @ vectors.T
    simplex = (np.eye(count) - 1 / count) / np.sqrt(count - 1)
    return float(np.linalg.norm(gram / np.linalg.norm(gram) - simplex))
