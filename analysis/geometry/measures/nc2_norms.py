"""NC2, lengths: how far class means, and class weights, are from being equally long (Papyan et al. 2020)."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.groups import without_groups
from analysis.geometry.intervals import POSITIVE, Spread, none
from analysis.geometry.registry import MEASURES, Measured, undefined

_PAPER = "Papyan, Han & Donoho 2020, PNAS 117(40), figure 2"


@MEASURES.register(
    "classes",
    "nc2_mean_norms",
    label="NC2: spread of mean lengths",
    group="neural collapse",
    paper=_PAPER,
    convention="Standard deviation (over C - 1) of ||mu_c - mu_G|| over their mean, as the authors' public notebook.",
    reads="0: all class means lie equally far from their middle.",
    fails="Two classes are always equally far from their middle.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def nc2_mean_norms(features: Features) -> Measured:
    """features of K classes -> 0 or more; arrays: norms, classes (K,)."""
    if features.no_spread:
        return undefined(features.no_spread, features.labelled)
    norms = _lengths(features.centred_means)
    spread = without_groups(features, _value(norms), lambda rest: _value(_lengths(rest.centred)), POSITIVE)
    return _spread(norms, features.classes, features.labelled, features.missing, spread)


@MEASURES.register(
    "head",
    "nc2_weight_norms",
    label="NC2: spread of weight lengths",
    group="neural collapse",
    paper=_PAPER,
    convention="Standard deviation (over C - 1) of ||w_c|| over their mean; weights not centred, as in the notebook.",
    reads="0: all classes have equally long weights; rare classes usually have shorter ones.",
    fails="Weights not centred share a part that changes no answer, and it evens out the lengths.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def nc2_weight_norms(features: Features) -> Measured:
    """features with weight (L, D) -> 0 or more; arrays: norms, classes (L,)."""
    if features.sound_head is None:
        return undefined(features.no_head)
    weight, _ = features.sound_head
    return _spread(_lengths(weight), np.arange(len(weight)), 0, (), none())


def _lengths(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(vectors).sum(axis=1))


def _value(norms: np.ndarray) -> float:
    return float(norms.std(ddof=1) / norms.mean())


def _spread(norms: np.ndarray, classes: np.ndarray, samples: int, caveats: tuple[str, ...], spread: Spread) -> Measured:
    if len(norms) < 2 or not norms.mean() > 0:
        return undefined("it takes two classes, and vectors that are not all zero", samples)
    if len(norms) == 2 and samples:
        caveats = (*caveats, "Two centred means are equally long by construction.")
    return Measured(_value(norms), samples, *spread, caveats=caveats, arrays={"norms": norms, "classes": classes})
