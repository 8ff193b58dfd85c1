"""NC1: how little samples of a class vary beside how far class means lie apart (Papyan et al. 2020).

    Sw = mean over samples of (h - mu_y)(h - mu_y)'        Sb = 1/C sum over classes of (mu_c - mu_G)(mu_c - mu_G)'

Sb^+ from its C - 1 largest singular vectors, fewer where the means span fewer. tr(Sw Sb^+) is then a mean over samples
of (h - mu_y)' Sb^+ (h - mu_y); only for the interval, where the means move too, Sw is made. The paper writes
tr(Sw Sb^+) / C, its public notebook leaves out the 1/C: both are here. Papyan's are of training samples in eval mode.
"""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.groups import MOST, Rest, without_groups
from analysis.geometry.intervals import POSITIVE, Spread, from_groups, none
from analysis.geometry.registry import MEASURES, Measured, undefined

_PAPER = "Papyan, Han & Donoho 2020, PNAS 117(40)"
_OF = "Sw over samples, Sb over class means, each class counted once; of the samples given, training or test"


@MEASURES.register(
    "classes",
    "nc1",
    label="NC1: spread within classes",
    group="neural collapse",
    tells="spread within classes",
    paper=f"{_PAPER}, figure 6; Zhu et al. 2021, arXiv 2105.02375",
    convention=f"tr(Sw Sb^+) / C, as the paper prints it; {_OF}.",
    reads="0: all samples of a class are one point; trained networks fall towards it from tap to tap.",
    fails="Few samples a class make Sw too small and Sb too large; test samples are less collapsed than training ones.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def nc1(features: Features) -> Measured:
    """features of K classes -> 0 or more; arrays: per_class (K,) mean over the class's samples, classes (K,)."""
    return _nc1(features, 1 / max(len(features.classes), 1))


@MEASURES.register(
    "classes",
    "nc1_notebook",
    label="NC1 without 1/C",
    group="neural collapse",
    tells="spread within classes",
    paper=f"{_PAPER}, public notebook neuralcollapse/neuralcollapse",
    convention=f"tr(Sw Sb^+), as the authors' public notebook computes it; {_OF}.",
    reads="C times NC1: the form to compare with published curves that were made with the notebook.",
    fails="It grows with the number of classes: do not compare datasets by it.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def nc1_notebook(features: Features) -> Measured:
    """features of K classes -> 0 or more; arrays: per_class (K,) mean over the class's samples, classes (K,)."""
    return _nc1(features, 1.0)


@MEASURES.register(
    "classes",
    "nc1_trace",
    label="NC1 as a ratio of traces",
    group="neural collapse",
    tells="spread within classes",
    paper="Tirer, Huang & Niles-Weed 2023, arXiv 2210.16658; Hui, Belkin & Nakkiran 2022, arXiv 2202.08384",
    convention=f"tr(Sw) / tr(Sb); {_OF}.",
    reads="The variance within classes beside that of means; 0 is collapse. Fit for use where Sb is nearly singular.",
    fails="Directions that tell no class apart count in full: a wide noisy tap looks less collapsed than it is.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def nc1_trace(features: Features) -> Measured:
    """features of K classes -> 0 or more; arrays: per_class, classes (K,)."""
    if why := _not_defined(features):
        return undefined(why, features.labelled)
    between = float(np.square(features.centred_means).sum(axis=1).mean())
    spread = without_groups(features, float(np.nansum(features.apart)) / features.labelled / between, _traces, POSITIVE)
    return _mean(features, features.apart / between, spread)


def _nc1(features: Features, factor: float) -> Measured:
    if why := _not_defined(features):
        return undefined(why, features.labelled)
    _, stretches, directions = np.linalg.svd(features.centred_means, full_matrices=False)
    rank = min(len(features.classes) - 1, int(np.count_nonzero(stretches > 1e-8 * stretches[0])))
    inverse = directions[:rank].T * (np.sqrt(len(features.classes) * factor) / stretches[:rank])
    of_each = _stretched(features, inverse)
    without = features.once("nc1 without groups", lambda: _without(features, rank))
    value = float(np.nansum(of_each)) / features.labelled
    spread = none() if without is None else from_groups(value, factor * without, POSITIVE)
    said = ()
    if rank < len(features.classes) - 1:
        said = (f"The class means span {rank:,} directions, not the {len(features.classes) - 1:,} of distinct ones.",)
    return _mean(features, of_each, spread, said)


def _traces(rest: Rest) -> float:
    return float(rest.within.sum()) / rest.samples / float(np.square(rest.centred).sum(axis=1).mean())


def _without(features: Features, rank: int) -> np.ndarray | None:
    """(G,) tr(Sw Sb^+) without each group of samples; None where it takes too many numbers."""
    sums = features.group_sums
    if sums is None or len(sums.counts) * features.width**2 > 2 * MOST:  # of half the size each
        return None
    total, found = sums.scatters.sum(axis=0), []
    for rest in sums:
        inverse = _inverse(rest.centred, rank)
        held = float(np.square(sums.sums[rest.group] @ inverse).sum(axis=1) @ (1 / rest.counts))
        turned = (inverse * np.sqrt(features.size)).astype(np.float32)
        within = float((((total - sums.scatters[rest.group]) @ turned) * turned).sum(dtype=np.float64))
        found.append((within - held) / rest.samples)
    return np.array(found)


def _inverse(centred: np.ndarray, rank: int) -> np.ndarray:
    """(K, D) -> (D, rank), its product with its own transpose is Sb^+; from the smaller of two Gram matrices."""
    count, narrow = len(centred), len(centred) > centred.shape[1]
    squares, vectors = np.linalg.eigh(centred.T @ centred if narrow else centred @ centred.T)
    squares, vectors = squares[-rank:], vectors[:, -rank:]
    directions = vectors if narrow else centred.T @ vectors / np.sqrt(squares)
    return directions * np.sqrt(count / squares)


def _not_defined(features: Features) -> str:
    if features.no_spread:
        return features.no_spread
    return "every class has a single sample, and nothing varies within" if features.counts.max() < 2 else ""


def _stretched(features: Features, inverse: np.ndarray) -> np.ndarray:
    """(N,) ||(h - mu_y) inverse||^2, NaN where the class is not known."""
    found = np.full(len(features), np.nan)
    for where, part in features.parts():
        known = np.flatnonzero(features.places[where] >= 0)
        apart = part[known] - features.class_means[features.places[where][known]]
        found[where.start + known] = np.square(apart @ inverse).sum(axis=1)
    return found


def _mean(features: Features, of_each: np.ndarray, spread: Spread, caveats: tuple[str, ...] = ()) -> Measured:
    there = features.places >= 0
    per_class = np.bincount(features.places[there], of_each[there], len(features.classes)) / features.counts
    single = int(np.count_nonzero(features.counts == 1))
    said = (f"{single:,} classes have a single sample, which cannot vary.",) if single else ()
    arrays = {"per_class": per_class, "classes": features.classes}
    value = float(of_each[there].mean())
    return Measured(value, features.labelled, *spread, caveats=features.missing + said + caveats, arrays=arrays)
