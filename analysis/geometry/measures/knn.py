"""What a sample's nearest neighbours say of its class, itself left out (Feng et al. 2021; Cover & Hart 1967)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.groups import GROUPS
from analysis.geometry.intervals import SHARE, Spread, from_groups, none, share, wilson
from analysis.geometry.nearest import Surroundings, all_one, surroundings
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.registry import Range

_WILSON = "Wilson's over samples"
Metric = Literal["euclidean", "cosine"]
_AMONG = (
    "Euclidean unless by cosine is asked for; 300 drawn samples are asked, each beside all others whose class is known"
)


@MEASURES.register(
    "classes",
    "knn_purity",
    label="Neighbours of the same class",
    group="separability",
    tells="classes of neighbours",
    paper="Feng et al. 2021, Rethinking supervised pre-training, arXiv 2110.06014 (LOOK)",
    convention=f"Mean share of the k nearest (10) that have the sample's class; {_AMONG}.",
    reads="1: every sample lies among its own class, however many clusters that has. Low samples may be label errors.",
    fails="Large classes are pure by their number alone; a class with fewer than k others cannot reach 1.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    asks_others=True,
    version=2,
)
def knn_purity(
    features: Features,
    *,
    k: Annotated[int, Range(1, 50)] = 10,
    metric: Metric = "euclidean",
    samples: Annotated[int, Range(50, 100_000)] = 300,
) -> Measured:
    """features of K classes -> 0 to 1.

    arrays: purity (m,), queries (m,) and neighbours (m, k) places in what was given; per_class (K,) NaN of those not
    asked, classes (K,).
    """
    if why := _not_defined(features):
        return undefined(why, features.labelled)
    found = surroundings(features, samples, cosine=metric == "cosine")
    near = found.neighbours[:, :k]
    own = features.places[found.queries]
    purity = (features.places[near] == own[:, None]).mean(axis=1)
    arrays = {
        "purity": purity,
        "queries": features.rows[found.queries],
        "neighbours": features.rows[near],
        **_per_class(features, own, purity),
    }
    small = int(np.count_nonzero(features.counts <= near.shape[1]))
    said = (f"{small:,} classes have too few samples to reach 1.",) if small else ()
    value = float(purity.mean())

    def without(g: int) -> float:
        asked, there = found.without(g, k)
        same = features.places[found.neighbours[asked, : there.shape[1]]] == own[asked, None]
        return float(((same & there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)).mean())

    spread = _without_groups(found, value, without)
    if not spread[2]:  # all are pure, or there are too many numbers to take groups away
        spread = wilson(value, len(purity))
    return Measured(value, len(purity), *spread, caveats=said + _fewer(found, k), arrays=arrays)


@MEASURES.register(
    "classes",
    "knn_accuracy",
    label="Nearest-neighbour probe",
    group="separability",
    tells="classes of neighbours",
    paper="Cover & Hart 1967, IEEE Trans. Information Theory 13(1); Wu et al. 2018, arXiv 1805.01978",
    convention=f"Share of samples whose class most of the k nearest (20) have, the first class on a tie; {_AMONG}.",
    reads="How well the features at this depth classify with nothing learnt; read it beside the linear probe.",
    fails="In many noisy directions distances say little, while a linear probe may still find the classes.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    asks_others=True,
    version=2,
)
def knn_accuracy(
    features: Features,
    *,
    k: Annotated[int, Range(1, 50)] = 20,
    metric: Metric = "euclidean",
    samples: Annotated[int, Range(50, 100_000)] = 300,
) -> Measured:
    """features of K classes -> 0 to 1; arrays: per_class, classes (K,), wrong (n,) places in what was given."""
    if why := _not_defined(features):
        return undefined(why, features.labelled)
    found = surroundings(features, samples, cosine=metric == "cosine")
    near, own = features.places[found.neighbours], found.own
    right = _elected(near[:, :k], np.ones((len(near), k), bool)[:, : near.shape[1]]) == own
    arrays = {"wrong": features.rows[found.queries[~right]], **_per_class(features, own, right)}

    def without(g: int) -> float:
        asked, there = found.without(g, k)
        return float((_elected(near[asked, : there.shape[1]], there) == own[asked]).mean())

    alone = share(right, arrays, _fewer(found, k))
    low, high, how = _without_groups(found, alone.value, without)
    if not how:
        return alone
    return replace(alone, low=min(low, alone.low), high=max(high, alone.high), interval=f"{how}, or {_WILSON} if wider")


def _elected(near: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Classes (m, k) of neighbours, and which of them count -> (m,) the class of most; on a tie the first."""
    votes = np.stack([((near == place[:, None]) & there).sum(axis=1) for place in near.T], axis=1)
    return np.where(votes == votes.max(axis=1, keepdims=True), near, near.max(initial=0)).min(axis=1)


def _without_groups(found: Surroundings, value: float, without: Callable[[int], float]) -> Spread:
    """Neighbours are shared, so that samples do not speak alone: without a group, they are other ones."""
    if not found.divided:
        return none()
    return from_groups(value, np.array([without(g) for g in range(GROUPS)]), SHARE)


def _not_defined(features: Features) -> str:
    if features.no_classes:
        return features.no_classes
    if features.counts.max() < 2:
        return "every class has a single sample"
    return "the features do not vary" if all_one(features) else ""


def _fewer(found: Surroundings, k: int) -> tuple[str, ...]:
    there = found.neighbours.shape[1]
    return (f"There are {there:,} other samples, not {k}.",) if there < k else ()


def _per_class(features: Features, own: np.ndarray, values: np.ndarray) -> dict[str, np.ndarray]:
    count = np.bincount(own, minlength=len(features.classes)).astype(np.float64)
    total = np.bincount(own, values, len(features.classes))
    means = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return {"per_class": means, "classes": features.classes}
