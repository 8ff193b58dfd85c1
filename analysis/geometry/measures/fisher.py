"""Fisher ratio: the variance of class means beside the variance within, in all directions or feature by feature."""

import numpy as np

from analysis.geometry.features import NOTHING, Features
from analysis.geometry.groups import Rest, without_groups
from analysis.geometry.intervals import JACKKNIFE, POSITIVE, jackknifed
from analysis.geometry.registry import MEASURES, Measured, undefined

_ROUNDING = 1e-10  # of the largest eigenvalue of Sw: below it, nothing varies within


@MEASURES.register(
    "classes",
    "fisher",
    label="Fisher's discriminant ratio",
    group="separability",
    tells="spread within classes",
    paper="Fisher 1936, Annals of Eugenics 7; Fukunaga 1990, Statistical Pattern Recognition, section 10.2 (J1)",
    convention="tr(Sw^+ Sb), both over samples, so that large classes count more; not divided by K.",
    reads="What the best linear projection separates: directions count by how well they tell classes apart.",
    fails="With few samples a direction, Sw is too small and classes look separable: see its caveat.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def fisher(features: Features) -> Measured:
    """features of K classes -> 0 or more; arrays: directions (M,), what each adds, the strongest first."""
    if why := _not_defined(features):
        return undefined(why, features.labelled)
    values, vectors = np.linalg.eigh(features.within)
    kept = values > _ROUNDING * values[-1]
    means = np.sqrt(features.counts / features.labelled)[:, None] * _about(features)
    turned = means @ vectors
    lost = float(np.square(turned[:, ~kept]).sum() / np.square(turned).sum())
    whitened = turned[:, kept] / np.sqrt(values[kept])
    _, strengths, axes = np.linalg.svd(whitened, full_matrices=False)
    said = []
    if lost > 1e-9:
        said.append(f"{lost:.0%} of the variance of class means lies where nothing varies within: it is not counted.")
    degrees = features.labelled - len(features.classes)
    if degrees < 10 * int(kept.sum()):
        said.append(f"{features.labelled:,} samples for {int(kept.sum()):,} directions: the ratio is too large.")
    if not kept.any() or lost > 1 - 1e-9:
        return undefined("class means differ only where nothing varies within", features.labelled)
    value, arrays = float(np.square(strengths).sum()), {"directions": np.square(strengths)}
    turn = vectors[:, kept] / np.sqrt(values[kept])
    half = jackknifed(_pulls(features, turn, _about(features) @ turn, axes.T * strengths))
    low, high = max(value - half, 0.0), value + half
    return Measured(value, features.labelled, low, high, JACKKNIFE, caveats=tuple(said), arrays=arrays)


def _pulls(features: Features, turn: np.ndarray, means: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """(n,) of labelled samples: n times the derivative of tr(Sw^+ Sb) by each one's weight.

    With z a sample less its class's mean and m its class's mean, both whitened by turn: 2 z'm + m'm - z' Sb z.
    """
    found = np.full(len(features), np.nan)
    for where, part in features.parts():
        own = features.places[where]
        apart = (part - features.class_means[own]) @ turn
        found[where] = ((2 * apart + means[own]) * means[own]).sum(axis=1) - np.square(apart @ spread).sum(axis=1)
    return found[features.places >= 0]


@MEASURES.register(
    "classes",
    "fisher_features",
    label="Fisher ratio of single features",
    group="separability",
    tells="spread within classes",
    paper="Duda, Hart & Stork 2001, Pattern Classification, section 3.8; Gu, Li & Han 2012, arXiv 1202.3725, eq. 2",
    convention="Median over features of the variance of class means over the variance within, both over samples; "
    "features that never vary are left out.",
    reads="How well one channel alone tells classes apart; the chart shows which channels do.",
    fails="Channels that only tell classes apart together are each near 0; a rotation changes it.",
    better="high",
    unmoved=("permutation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def fisher_features(features: Features) -> Measured:
    """features of K classes -> 0 or more; arrays: per_feature (D,), NaN of those that do not vary within."""
    if why := _not_defined(features):
        return undefined(why, features.labelled)
    within = np.diag(features.within)
    between = features.counts @ np.square(_about(features)) / features.labelled
    varies = within > np.maximum(NOTHING * features.size, 1e-24 * between)
    ratios = np.divide(between, within, out=np.full(features.width, np.nan), where=varies)
    if not varies.any():
        return undefined("no feature varies within classes", features.labelled)
    rest = int(np.count_nonzero(~varies))
    said = (f"{rest:,} features do not vary within classes and are left out.",) if rest else ()
    arrays = {"per_feature": ratios}
    value, sums = float(np.nanmedian(ratios)), features.group_sums

    def of_rest(rest: Rest) -> float:
        moved = rest.means - features.class_means
        left = within * features.labelled - (0 if sums is None else sums.by_feature[rest.group])
        left = left - rest.counts @ np.square(moved)
        means = rest.means - rest.counts @ rest.means / rest.samples
        return float(np.median((rest.counts @ np.square(means))[varies] / left[varies]))

    spread = without_groups(features, value, of_rest, POSITIVE)
    return Measured(value, features.labelled, *spread, caveats=said, arrays=arrays)


def _about(features: Features) -> np.ndarray:
    """(K, D) class means less the mean of labelled samples."""
    return features.class_means - features.counts @ features.class_means / features.labelled


def _not_defined(features: Features) -> str:
    if features.no_spread:
        return features.no_spread
    if features.counts.max() < 2:
        return "every class has a single sample, and nothing varies within"
    nothing = not np.nansum(features.apart) > NOTHING * features.size * features.labelled
    return "nothing varies within classes: it would be infinite" if nothing else ""
