"""NC2, angles: how far class means, and class weights, are from being at equal and largest angles.

C vectors can be at most at the cosine -1/(C - 1) from each other, all of them: a simplex (Papyan et al. 2020).
"""

from collections.abc import Callable

import numpy as np

from analysis.geometry.angles import cosines, pairs
from analysis.geometry.features import Features
from analysis.geometry.groups import without_groups
from analysis.geometry.intervals import POSITIVE
from analysis.geometry.registry import MEASURES, Measured, undefined

_PAPER = "Papyan, Han & Donoho 2020, PNAS 117(40), figures 3 and 4"


@MEASURES.register(
    "classes",
    "nc2_mean_equiangularity",
    label="NC2: spread of angles between means",
    group="neural collapse",
    tells="angles between class means",
    paper=_PAPER,
    convention="Standard deviation (over the number of pairs) of cos(mu_i - mu_G, mu_j - mu_G) over pairs of classes.",
    reads="0: every two class means are at the same angle.",
    fails="It says nothing of which angle; with two classes there is one pair and it is always 0.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def nc2_mean_equiangularity(features: Features) -> Measured:
    """features of K classes -> 0 to 1."""
    return _of_means(features, _equiangularity)


@MEASURES.register(
    "head",
    "nc2_weight_equiangularity",
    label="NC2: spread of angles between weights",
    group="neural collapse",
    tells="angles between class weights",
    paper=_PAPER,
    convention="Standard deviation (over the number of pairs) of cos(w_i, w_j) over pairs; weights not centred.",
    reads="0: every two classes' weights are at the same angle.",
    fails="It says nothing of which angle; with two classes there is one pair and it is always 0.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def nc2_weight_equiangularity(features: Features) -> Measured:
    """features with weight (L, D) -> 0 to 1."""
    return _of_weights(features, _equiangularity)


@MEASURES.register(
    "classes",
    "nc2_mean_max_angle",
    label="NC2: means from the largest angle",
    group="neural collapse",
    tells="angles between class means",
    paper=_PAPER,
    convention="Mean over pairs of |cos(mu_i - mu_G, mu_j - mu_G) + 1/(C - 1)|, as the authors' public notebook.",
    reads="0: class means are as far from each other as so many vectors can be.",
    fails="1/(C - 1) is tiny with many classes, so random directions are nearly at the largest angle too.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def nc2_mean_max_angle(features: Features) -> Measured:
    """features of K classes -> 0 or more."""
    return _of_means(features, _max_angle)


@MEASURES.register(
    "head",
    "nc2_weight_max_angle",
    label="NC2: weights from the largest angle",
    group="neural collapse",
    tells="angles between class weights",
    paper=_PAPER,
    convention="Mean over pairs of |cos(w_i, w_j) + 1/(C - 1)|, as the authors' public notebook; weights not centred.",
    reads="0: weights are as far from each other as so many vectors can be.",
    fails="1/(C - 1) is tiny with many classes, so random directions are nearly at the largest angle too.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def nc2_weight_max_angle(features: Features) -> Measured:
    """features with weight (L, D) -> 0 or more."""
    return _of_weights(features, _max_angle)


def _equiangularity(vectors: np.ndarray) -> float | None:
    found = cosines(vectors)
    return None if found is None else float(pairs(found).std())


def _max_angle(vectors: np.ndarray) -> float | None:
    found = cosines(vectors)
    return None if found is None else float(np.abs(pairs(found) + 1 / (len(vectors) - 1)).mean())


def _of_means(features: Features, form: Callable[[np.ndarray], float | None]) -> Measured:
    if features.no_spread:
        return undefined(features.no_spread, features.labelled)
    value = form(features.centred_means)
    if value is None:
        return undefined("a class mean lies at the middle of all, so it has no direction", features.labelled)
    caveats = features.missing
    if len(features.classes) == 2:
        caveats = (*caveats, "Two centred means are opposite by construction.")
    spread = without_groups(features, value, lambda rest: _or_nan(form(rest.centred)), POSITIVE)
    return Measured(value, features.labelled, *spread, caveats=caveats)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _of_weights(features: Features, form: Callable[[np.ndarray], float | None]) -> Measured:
    if features.sound_head is None or len(features.sound_head[0]) < 2:
        return undefined(features.no_head or "it takes two classes")
    value = form(features.sound_head[0])
    return (
        undefined("the weights of a class are zero, so they have no direction") if value is None else Measured(value, 0)
    )
