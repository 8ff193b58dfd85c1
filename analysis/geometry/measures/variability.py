"""How much features vary within classes, as directions (Kornblith et al. 2021; Wang et al. 2023)."""

import numpy as np
from scipy import sparse

from analysis.geometry.features import Features
from analysis.geometry.groups import GROUPS
from analysis.geometry.heads import unit_rows
from analysis.geometry.intervals import POSITIVE, Spread, from_groups, none
from analysis.geometry.registry import MEASURES, Measured, undefined

_MOST = 2000  # samples in all, evenly over classes, but at least _LEAST of each
_LEAST = 10
_Z = 1.959964


@MEASURES.register(
    "classes",
    "variability",
    label="Angle between samples of a class",
    group="subspaces",
    paper="Wang, Li & Zhang 2023, ICCV, arXiv 2308.01547",
    convention="Mean angle, about the origin, between two different samples of a class, then the mean over classes; "
    "of more than 2,000 samples as many are drawn, evenly over classes, or 10 of each.",
    reads="0 degrees: a class is one direction; it grows where training leaves features room, and such features "
    "transfer better.",
    fails="It says nothing of how far other classes are: see the ratio.",
    unit="degrees",
    unmoved=("permutation", "rotation", "scaling"),
    drawn=2000,
    version=2,
)
def variability(features: Features) -> Measured:
    """features of K classes -> degrees; arrays: per_class (K,) NaN below two samples, classes (K,)."""
    random, most = np.random.default_rng(features.seed), len(features)
    if features.labelled > _MOST:
        most = max(_MOST // max(len(features.classes), 1), _LEAST)
    found, asked, spread = np.full(len(features.classes), np.nan), 0, 0.0
    for c, members in enumerate(features.members):
        places = members if len(members) <= most else np.sort(random.choice(members, most, replace=False))
        rows = np.asarray(features.values[places], dtype=np.float64)
        units = unit_rows(rows[np.square(rows).sum(axis=1) > 1e-24 * features.size])
        n = len(units)
        if n < 2:
            continue
        cosines = np.clip(units @ units.T, -1, 1)
        np.fill_diagonal(cosines, 1)
        each = np.degrees(np.arccos(cosines)).sum(axis=1) / (n - 1)
        found[c], asked = each.mean(), asked + n
        spread += 4 * float(each.var(ddof=1)) / n  # of a mean over pairs
    there = int(np.isfinite(found).sum())
    if not there:
        return undefined("no class has two samples with a direction", features.labelled)
    value, half = float(np.nanmean(found)), _Z * float(np.sqrt(spread)) / there
    few = len(features.classes) - there
    said = (f"{few:,} classes have fewer than two samples with a direction.",) if few else ()
    return Measured(
        value,
        asked,
        max(value - half, 0.0),
        value + half,
        "normal, over samples of the classes that are there",
        arrays={"per_class": found, "classes": features.classes},
        caveats=features.missing + said,
    )


@MEASURES.register(
    "classes",
    "variability_ratio",
    label="Cosine distance within classes beside all",
    group="subspaces",
    tells="spread within classes",
    paper="Kornblith, Chen, Lee & Norouzi 2021, NeurIPS, arXiv 2010.16402, eq. 11 (class separation is 1 - this)",
    convention="Mean cosine distance within a class (over all pairs, a sample with itself among them; the mean over "
    "classes) over that between any two classes' samples, a class with itself among them; about the origin.",
    reads="1: classes are as wide as all of them together; 0: each is one direction. One less it is class separation.",
    fails="Features that share a large common direction have small distances of both kinds, and rounding decides.",
    unmoved=("permutation", "rotation", "scaling"),
    of_means=True,
    version=2,
)
def variability_ratio(features: Features) -> Measured:
    """features of K classes -> 0 or more; arrays: per_class (K,) mean cosine distance within, classes (K,)."""
    if features.no_classes:
        return undefined(features.no_classes, features.labelled)
    if not features.size > 0:
        return undefined("all features are 0", features.labelled)
    means = _directions(features)
    within = 1 - np.square(means).sum(axis=1)
    overall = 1 - float(np.square(means.mean(axis=0)).sum())
    if not overall > 1e-12:
        return undefined("all samples point the same way", features.labelled)
    arrays = {"per_class": np.maximum(within, 0), "classes": features.classes}
    value = max(float(within.mean()) / overall, 0.0)
    return Measured(value, features.labelled, *_spread(features, value, means), arrays=arrays, caveats=features.missing)


def _directions(features: Features) -> np.ndarray:
    """(K, D) of each class, the mean of its samples' directions."""
    total = np.zeros((len(features.classes), features.width))
    for where, part in features.parts():
        known = np.flatnonzero(features.places[where] >= 0)
        chosen = (np.ones(len(known)), (features.places[where][known], known))
        total += sparse.csr_array(chosen, shape=(len(total), len(part))) @ unit_rows(part)
    return total / features.counts[:, None]


def _spread(features: Features, value: float, means: np.ndarray) -> Spread:
    sums = features.group_sums
    if sums is None:
        return none()
    by_group, totals, without = sums.summed(lambda part, _: unit_rows(part)), means * features.counts[:, None], []
    for g in range(GROUPS):
        left = (totals - by_group[g]) / sums.left[g][:, None]
        overall = 1 - float(np.square(left.mean(axis=0)).sum())
        without.append(float((1 - np.square(left).sum(axis=1)).mean()) / max(overall, 1e-12))
    return from_groups(value, np.array(without), POSITIVE)
