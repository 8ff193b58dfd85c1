"""Length against angle: what the head would say if it read directions only.

A logit is ||w|| ||h|| cos + b. Without the lengths and the bias, the answer is the class of the largest cosine, as in
a head of normalised softmax (Liu et al. 2017; Wang et al. 2017).
"""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.intervals import mean, share
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.geometry.separation import AUROC, auroc


@MEASURES.register(
    "head",
    "sphere_accuracy",
    label="Accuracy by angle alone",
    group="last layer",
    paper="Wang et al. 2017, NormFace, arXiv 1704.06369",
    convention="Share of samples whose class has the largest cos(h, w_c): no bias, no length of weights.",
    reads="Close to the network's accuracy, directions carry the answer and lengths only say how sure it is.",
    fails="A head trained with a bias knows something by it; without it the accuracy can fall for that alone.",
    better="high",
    unmoved=("permutation", "rotation", "scaling"),
)
def sphere_accuracy(features: Features) -> Measured:
    """features with a head -> 0 to 1; arrays: per_class, head_per_class, classes (K,)."""
    right = _right(features)
    if isinstance(right, Measured):
        return right
    rows, head, sphere = right
    arrays = {
        "per_class": _by_class(features, rows, sphere),
        "head_per_class": _by_class(features, rows, head),
        "classes": features.classes,
    }
    return share(sphere, arrays, features.missing)


@MEASURES.register(
    "head",
    "sphere_gap",
    label="What lengths and bias add to accuracy",
    group="last layer",
    paper="Wang et al. 2017, NormFace, arXiv 1704.06369",
    convention="Accuracy of the head (its argmax, bias included) less that of the largest cosine, on the same samples.",
    reads="Above 0, lengths of weights and the bias are needed; below 0, they harm.",
    fails="The length of a feature vector alone never changes an answer without a bias: this is of weights and bias.",
    unmoved=("permutation", "rotation", "scaling"),
)
def sphere_gap(features: Features) -> Measured:
    """features with a head -> -1 to 1; arrays: differing (n,) places in what was given where the answers differ."""
    right = _right(features)
    if isinstance(right, Measured) or features.judged is None:
        return right if isinstance(right, Measured) else undefined(features.no_head)
    rows, head, sphere = right
    differing = features.judged.guesses[rows] != features.judged.sphere_guesses[rows]
    arrays = {"differing": features.rows[rows[differing]]}
    return mean(head.astype(np.float64) - sphere, arrays, features.missing, (-1.0, 1.0))


@MEASURES.register(
    "head",
    "sphere_length_tells",
    label="Length tells right from wrong",
    group="last layer",
    paper="Liu et al. 2017, SphereFace, arXiv 1704.08063",
    convention="AUROC of ||h|| for samples that the head gets right (positive) against those it gets wrong.",
    reads=".5: length says nothing of correctness; 1: all errors have shorter features than all right answers.",
    fails="With few errors it is noise: see how many there are.",
    better="high",
    unmoved=("permutation", "rotation", "scaling"),
    version=2,
)
def sphere_length_tells(features: Features) -> Measured:
    """features with a head -> 0 to 1."""
    return _tells(features, features.lengths)


@MEASURES.register(
    "head",
    "sphere_angle_tells",
    label="Angle tells right from wrong",
    group="last layer",
    paper="Liu et al. 2017, SphereFace, arXiv 1704.08063",
    convention="AUROC of the largest cos(h, w_c) for samples that the head gets right (positive) against wrong ones.",
    reads="Compare it with that of length: which of the two knows when the network errs.",
    fails="With few errors it is noise: see how many there are.",
    better="high",
    unmoved=("permutation", "rotation", "scaling"),
    version=2,
)
def sphere_angle_tells(features: Features) -> Measured:
    """features with a head -> 0 to 1."""
    if features.judged is None:
        return undefined(features.no_head)
    return _tells(features, features.judged.top_cosines)


def _right(features: Features) -> tuple[np.ndarray, np.ndarray, np.ndarray] | Measured:
    """Places of samples whose class the head knows, and whether head and largest cosine are right; or why not."""
    if features.no_truth or features.judged is None or features.labels is None:
        return undefined(features.no_truth)
    rows = np.flatnonzero((features.places >= 0) & (features.places < len(features.known)))
    labels = features.labels[rows]
    return rows, features.judged.guesses[rows] == labels, features.judged.sphere_guesses[rows] == labels


def _by_class(features: Features, rows: np.ndarray, right: np.ndarray) -> np.ndarray:
    places = features.places[rows]
    total = np.bincount(places, minlength=len(features.classes)).astype(np.float64)
    hits = np.bincount(places[right], minlength=len(features.classes))
    return np.divide(hits, total, out=np.full(len(total), np.nan), where=total > 0)


def _tells(features: Features, scores: np.ndarray) -> Measured:
    """AUROC by ranks, ties at half (Mann & Whitney 1947)."""
    right = _right(features)
    if isinstance(right, Measured):
        return right
    rows, head, _ = right
    there = np.isfinite(scores[rows])
    scores, head = scores[rows][there], head[there]
    good, bad = int(head.sum()), int((~head).sum())
    if not good or not bad:
        return undefined("the head gets all samples right" if good else "the head gets no sample right", len(head))
    value, low, high = auroc(scores[head], scores[~head])
    how = AUROC if np.isfinite(low) else ""
    said = (f"{bad:,} samples are wrong.", *features.missing)
    return Measured(value, len(head), low, high, how, caveats=said)
