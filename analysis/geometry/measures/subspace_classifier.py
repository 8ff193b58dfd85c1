"""Classes told apart by the length of a sample's projection on each class's subspace (Wang et al. 2023)."""

from typing import Annotated

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.intervals import share
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.geometry.subspaces import MOST, class_axes, logits
from analysis.registry import Range

_BLOCK = 16_000_000  # numbers at a time


@MEASURES.register(
    "classes",
    "subspace_classifier",
    label="Accuracy of class subspaces",
    group="subspaces",
    paper="Wang, Li & Zhang 2023, ICCV, arXiv 2308.01547; Watanabe & Pakvasa 1973 (CLAFIC)",
    convention="argmax over classes of ||S_c' x||, S_c the k = 4 leading directions of the class's features (about the "
    "origin, not centred); a random half of each class makes the subspaces, the other half is asked, then in turn.",
    reads="Near the head's accuracy: classes are few directions each. At k = 1 the logit is ||x|| |cos|.",
    fails="A feature and its opposite are one to it, and subspaces of features with a large common part are alike.",
    differs="Subspaces are fitted after training; the paper learns them with the network.",
    better="high",
    unmoved=("rotation", "scaling"),
    version=2,  # by_k goes to 8 for any k
    asks_others=True,
)
def subspace_classifier(features: Features, *, k: Annotated[int, Range(1, MOST)] = 4) -> Measured:
    """features of K classes -> 0 to 1; arrays: by_k (up to 8,) accuracy, per_class (K,), classes (K,), missed rows."""
    if features.no_classes:
        return undefined(features.no_classes, features.labelled)
    if not features.size > 0:
        return undefined("all features are 0", features.labelled)
    halves = _halves(features)
    hits = np.full((len(features), min(MOST, features.width)), -1, np.int8)
    for made, asked in (halves, halves[::-1]):
        axes = class_axes(features.values, made)[0]
        rest = [one for one, own in zip(asked, made, strict=True) if one is not own]
        places = np.sort(np.concatenate([*rest, np.empty(0, np.int64)]))
        step = max(1, _BLOCK // (len(axes) * axes.shape[2]))
        for start in range(0, len(places), step):
            some = places[start : start + step]
            found = logits(np.asarray(features.values[some], dtype=np.float64), axes).argmax(axis=2)
            hits[some] = (found == features.places[some]).T
    there = np.flatnonzero(hits[:, 0] >= 0)
    if not len(there):
        return undefined("every class has a single sample, and none is left to ask", features.labelled)
    right, own = hits[there, :k], features.places[there]
    count = np.bincount(own, minlength=len(features.classes))
    per_class = np.bincount(own, right[:, -1], len(count)) / np.where(count > 0, count, np.nan)
    arrays = {
        "by_k": hits[there].mean(axis=0),
        "per_class": per_class,
        "classes": features.classes,
        "missed": features.rows[there[right[:, -1] == 0]],
    }
    few = int(np.count_nonzero(features.counts <= 2 * k))
    said = (f"{few:,} classes have at most {2 * k} samples: half of them span no {k} directions.",) if few else ()
    return share(right[:, -1] == 1, arrays, features.missing + said)


def _halves(features: Features) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Each class's samples in two; a class of one sample is made of it in both, and not asked."""
    order = np.random.default_rng(features.seed).permutation(len(features))
    one, two = [], []
    for members in features.members:
        mixed = members[np.argsort(order[members])]
        middle = len(mixed) // 2
        first, second = (mixed[:middle], mixed[middle:]) if middle else (mixed, mixed)
        one.append(first)
        two.append(second)
    return one, two
