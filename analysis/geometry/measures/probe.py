"""Linear probes: how much of the classes a linear classifier reads from features at this depth (Alain & Bengio 2016).

A fifth of each class's samples is held out. By least squares, which has a closed form; and by logistic regression.
"""

import warnings
from typing import Annotated

import numpy as np
from scipy import sparse

from analysis.geometry.features import ROWS, Features
from analysis.geometry.intervals import share
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.registry import Range

_PAPER = "Alain & Bengio 2016, arXiv 1610.01644; Razavian et al. 2014, CNN features off-the-shelf, arXiv 1403.6382"
_SPLIT = "a fifth of each class (at least one sample) is held out by the seed; classes with one sample are only learnt"
_WORK = 2e11  # multiplications that the logistic probe may take
_PENALTIES = 10.0 ** np.arange(-7, 3)


@MEASURES.register(
    "classes",
    "probe_linear",
    label="Linear probe",
    group="separability",
    tells="linear probe",
    paper=f"{_PAPER}; Golub, Heath & Wahba 1979 (the penalty)",
    convention="Accuracy of ridge regression on one-hot classes, the penalty by generalised cross-validation among "
    f"1e-7 to 1e2 of the mean eigenvalue; {_SPLIT}.",
    reads="Rises from tap to tap as classes become linearly separable; beside the network's accuracy at the last.",
    fails="Least squares hides a class that lies between others; the logistic probe does not: compare both at a tap.",
    better="high",
    unmoved=("rotation", "scaling", "shift"),
    asks_others=True,
)
def probe_linear(features: Features) -> Measured:
    """features of K classes -> 0 to 1; arrays: per_class, classes (K,), wrong (n,) places in what was given."""
    train, test, why = split(features)
    if why:
        return undefined(why, features.labelled)
    mean, weight, offset = _ridge(features, train)
    found = np.concatenate(
        [
            ((np.asarray(features.values[rows], dtype=np.float64) - mean) @ weight + offset).argmax(axis=1)
            for rows in (test[i : i + ROWS] for i in range(0, len(test), ROWS))
        ]
    )
    return _accuracy(features, train, test, found)


@MEASURES.register(
    "classes",
    "probe_logistic",
    label="Linear probe, logistic",
    group="separability",
    tells="linear probe",
    paper=_PAPER,
    convention="Accuracy of scikit-learn's multinomial logistic regression, L2 penalty 1/C, features standardised by "
    f"the training part; at most 5,000 drawn samples; {_SPLIT}.",
    reads="As the linear probe, with the loss that networks are trained with.",
    fails="Of more features than samples anything is separable in training: believe the held-out accuracy, with its n.",
    better="high",
    unmoved=("scaling", "shift"),
    slow=True,
    asks_others=True,
    drawn=5000,
)
def probe_logistic(features: Features, *, strength: Annotated[float, Range(1e-5, 1e5)] = 1.0) -> Measured:
    """features of K classes -> 0 to 1. strength: C, the inverse of the penalty.

    arrays: per_class, classes (K,), wrong (n,) places in what was given.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    train, test, why = split(features, 5000)
    if why or len(np.unique(features.places[train])) < 2:
        return undefined(why or "fewer than two classes are learnt", features.labelled)
    scaler = StandardScaler()
    known = scaler.fit_transform(np.asarray(features.values[train], dtype=np.float64))
    steps = int(np.clip(_WORK / (4 * known.size * len(features.classes)), 20, 300))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")  # also that many classes could be a regression
        model = LogisticRegression(C=strength, max_iter=steps).fit(known, features.places[train])
    found = model.predict(scaler.transform(np.asarray(features.values[test], dtype=np.float64)))
    early = any(issubclass(one.category, ConvergenceWarning) for one in said)
    caveats = (f"Stopped after {steps} steps, before it converged.",) if early else ()
    return _accuracy(features, train, test, found, caveats)


def split(features: Features, most: int | None = None) -> tuple[np.ndarray, np.ndarray, str]:
    """Places to learn from and places to ask, ascending; and in words why there are none."""
    if features.no_classes:
        return np.empty(0, np.int64), np.empty(0, np.int64), features.no_classes
    if not features.width:
        return np.empty(0, np.int64), np.empty(0, np.int64), "there are no features"
    random = np.random.default_rng(features.seed)
    order = random.permutation(np.flatnonzero(features.places >= 0))[:most]
    order = order[np.argsort(features.places[order], kind="stable")]
    own = features.places[order]
    counts = np.bincount(own, minlength=len(features.classes))
    rank = np.arange(len(order)) - (np.cumsum(counts) - counts)[own]
    held = np.where(counts > 1, np.maximum(np.round(counts / 5), 1), 0)
    asked = rank < held[own]
    train, test = np.sort(order[~asked]), np.sort(order[asked])
    return train, test, "" if test.size else "every class has a single sample"


def _ridge(features: Features, train: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(D,) mean, (D, K) weight, (K,) offset, from the eigenvectors of X'X, or of XX' where that is smaller."""
    own, count, classes = features.places[train], len(train), len(features.classes)
    shares = np.bincount(own, minlength=classes) / count
    parts = [train[i : i + ROWS] for i in range(0, count, ROWS)]
    mean = np.sum([features.values[rows].sum(axis=0, dtype=np.float64) for rows in parts], axis=0) / count
    if count < features.width:
        rows = np.asarray(features.values[train], dtype=np.float64) - mean
        values, vectors = np.linalg.eigh(rows @ rows.T)
        values, kept = _kept(values)
        axes = rows.T @ vectors[:, kept] / np.sqrt(values)
        aims = np.eye(classes)[own] - shares
        with_aims = np.sqrt(values)[:, None] * (vectors[:, kept].T @ aims)
    else:
        scatter, sums = np.zeros((features.width, features.width)), np.zeros((classes, features.width))
        for where in parts:
            rows = np.asarray(features.values[where], dtype=np.float64) - mean
            scatter += rows.T @ rows
            chosen = (np.ones(len(where)), (features.places[where], np.arange(len(where))))
            sums += sparse.csr_array(chosen, shape=(classes, len(where))) @ rows
        values, vectors = np.linalg.eigh(scatter)
        values, kept = _kept(values)
        axes = vectors[:, kept]
        with_aims = axes.T @ sums.T
    squares = np.square(with_aims).sum(axis=1)
    whole, best, penalty = count * float(1 - np.square(shares).sum()), np.inf, 0.0
    for tried in _PENALTIES * float(values.mean() if values.size else 1):
        rest = whole - float((squares * (values + 2 * tried) / np.square(values + tried)).sum())
        free = 1 - (float((values / (values + tried)).sum()) + 1) / count
        if free > 1e-9 and rest / free**2 < best:
            best, penalty = rest / free**2, float(tried)
    return mean, axes @ (with_aims / (values + penalty)[:, None]), shares


def _kept(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kept = values > 1e-12 * max(float(values[-1]), 0.0)
    return values[kept], kept


def _accuracy(
    features: Features, train: np.ndarray, test: np.ndarray, found: np.ndarray, caveats: tuple[str, ...] = ()
) -> Measured:
    own, classes = features.places[test], len(features.classes)
    right = found == own
    count = np.bincount(own, minlength=classes).astype(np.float64)
    per_class = np.divide(np.bincount(own, right, classes), count, out=np.full(classes, np.nan), where=count > 0)
    arrays = {"per_class": per_class, "classes": features.classes, "wrong": features.rows[test[~right]]}
    most = np.bincount(features.places[train], minlength=classes).argmax()
    chance = f"always the largest class would be right in {np.mean(own == most):.2f}"
    said = f"Learnt from {len(train):,} samples, asked of {len(test):,}; {chance}."
    return share(right, arrays, (said, *caveats))
