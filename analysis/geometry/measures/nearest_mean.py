"""The nearest class mean as a classifier: no weights, only where each class lies (Janson et al. 2022).

Each sample is left out of its own class's mean: in it, a sample of a small class is nearest to itself.
"""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.intervals import share
from analysis.geometry.registry import MEASURES, Measured, undefined

_PAPER = "Janson et al. 2022, arXiv 2210.04428"
_LEFT_OUT = "each sample left out of its own class's mean; classes with one sample are not asked"


@MEASURES.register(
    "classes",
    "nearest_mean_accuracy",
    label="Nearest-mean accuracy",
    group="last layer",
    tells="nearest class mean",
    paper=_PAPER,
    convention=f"Share of samples whose nearest class mean (Euclidean) is that of their class; {_LEFT_OUT}.",
    reads="How much of the classification needs nothing but the class means at this depth.",
    fails="Classes of several clusters, or of different spreads, are separable without being near their mean.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    asks_others=True,
)
def nearest_mean_accuracy(features: Features) -> Measured:
    """features of K classes -> 0 to 1; arrays: per_class, classes (K,), wrong (n,) places in what was given."""
    return _accuracy(features, cosine=False)


@MEASURES.register(
    "classes",
    "nearest_mean_cosine_accuracy",
    label="Nearest-mean accuracy by cosine",
    group="last layer",
    tells="nearest class mean",
    paper=_PAPER,
    convention=f"As the nearest-mean accuracy, by the cosine of features and means about the origin; {_LEFT_OUT}.",
    reads="Where it is higher than by distance, lengths of features mislead the distance.",
    fails="About the origin all features of a ReLU are alike, and cosines differ in the last digits.",
    better="high",
    unmoved=("permutation", "rotation", "scaling"),
    asks_others=True,
)
def nearest_mean_cosine_accuracy(features: Features) -> Measured:
    """features of K classes -> 0 to 1; arrays: per_class, classes (K,), wrong (n,) places in what was given."""
    return _accuracy(features, cosine=True)


@MEASURES.register(
    "classes",
    "nearest_mean_agreement",
    label="Nearest mean agrees with the network",
    group="last layer",
    tells="nearest class mean against the network",
    paper=_PAPER,
    convention=f"Share of samples whose nearest class mean (Euclidean) is the network's answer; {_LEFT_OUT}.",
    reads="Near 1, the network's answer is readable from class means at this depth; click those that disagree.",
    fails="Two classifiers that are both right agree: beside an accuracy of .95 an agreement of .93 says little.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    asks_others=True,
)
def nearest_mean_agreement(features: Features) -> Measured:
    """features with predictions -> 0 to 1; arrays: disagreeing (n,) places in what was given."""
    return _agreement(features, cosine=False)


@MEASURES.register(
    "classes",
    "nearest_mean_cosine_agreement",
    label="Nearest mean by cosine agrees with the network",
    group="last layer",
    tells="nearest class mean against the network",
    paper=_PAPER,
    convention=f"As the agreement, by the cosine of features and means about the origin; {_LEFT_OUT}.",
    reads="Near 1, the direction of the features alone gives the network's answer.",
    fails="As the agreement by distance: what both get right counts too.",
    better="high",
    unmoved=("permutation", "rotation", "scaling"),
    asks_others=True,
)
def nearest_mean_cosine_agreement(features: Features) -> Measured:
    """features with predictions -> 0 to 1; arrays: disagreeing (n,) places in what was given."""
    return _agreement(features, cosine=True)


def _nearest(features: Features, cosine: bool) -> tuple[np.ndarray, np.ndarray, str]:
    """Places of the samples that are asked, the class of the mean nearest to each; or why there are none."""
    if features.no_spread:
        return np.empty(0, np.int64), np.empty(0, np.int64), features.no_spread
    nearest = features.nearest_means.cosine_left_out if cosine else features.nearest_means.left_out
    asked = np.flatnonzero((features.places >= 0) & (nearest >= 0))
    return asked, features.classes[nearest[asked]], "" if asked.size else "no class has two samples that can be asked"


def _caveats(features: Features) -> tuple[str, ...]:
    single = int(np.count_nonzero(features.counts == 1))
    said = (f"{single:,} classes with a single sample are not asked.",) if single else ()
    return features.missing + said


def _accuracy(features: Features, *, cosine: bool) -> Measured:
    asked, found, why = _nearest(features, cosine)
    if why or features.labels is None:
        return undefined(why, features.labelled)
    right = found == features.labels[asked]
    of_class = np.bincount(features.places[asked], minlength=len(features.classes)).astype(np.float64)
    hits = np.bincount(features.places[asked[right]], minlength=len(features.classes))
    arrays = {
        "per_class": np.divide(hits, of_class, out=np.full(len(hits), np.nan), where=of_class > 0),
        "classes": features.classes,
        "wrong": features.rows[asked[~right]],
    }
    return share(right, arrays, _caveats(features))


def _agreement(features: Features, *, cosine: bool) -> Measured:
    if features.no_answers or features.guesses is None:
        return undefined(features.no_answers)
    asked, found, why = _nearest(features, cosine)
    if why:
        return undefined(why, features.labelled)
    same = found == features.guesses[asked]
    return share(same, {"disagreeing": features.rows[asked[~same]]}, _caveats(features))
