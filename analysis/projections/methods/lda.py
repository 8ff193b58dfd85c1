"""Linear discriminant analysis: the directions that part the classes (Fisher 1936, Rao 1948), by scikit-learn.

Shrinkage by Ledoit & Wolf 2004 keeps the covariance within classes invertible where samples are few.
"""

from typing import Any, Literal

import numpy as np

from analysis.errors import NotApplicable
from analysis.projections.methods.pca import linear, percent, signed
from analysis.projections.prepared import evenly
from analysis.projections.registry import PROJECTIONS, Given, Placer, Projected

DRAWN = 20_000  # labelled samples that the directions are found from
FEW = 3  # samples a number, below which the classes part by chance as well


@PROJECTIONS.register(
    "alone",
    "lda",
    label="LDA",
    paper="Fisher 1936; Rao 1948; shrinkage by Ledoit & Wolf 2004",
    reads="A straight-line view along the directions that part the dataset's classes best, measured against how far "
    "samples of one class scatter.",
    fails="It has seen the classes: with many numbers and few samples it parts even classes that are drawn at random.",
    differs="Of more than 20,000 samples with a class the directions are found from 20,000 drawn evenly; samples "
    "without a class are laid by the same directions.",
    needs=("labels",),
    seeded=False,
    quick=True,
    most=10_000_000,
)
def lda(features: np.ndarray, given: Given, *, shrinkage: Literal["auto", "none"] = "auto") -> Projected:
    """See whether the classes can be parted by straight lines.

    features (N, D), given.labels (N,) -> points (N, dims). shrinkage auto: Ledoit-Wolf's; none: the plain covariance.
    """
    labels = np.asarray(given.labels)
    labelled = np.flatnonzero(labels >= 0)
    rows = labelled[evenly(len(labelled), DRAWN, seed=0)]
    classes = len(np.unique(labels[rows]))
    _refuse(classes, len(rows), features.shape[1], given.dims)
    matrix, shares = _fitted(features[rows], labels[rows], shrinkage, given.dims)
    placer = Placer("linear", features[rows].mean(axis=0, dtype=np.float64), matrix)
    remarks = []
    if len(labelled) < len(labels):
        remarks.append(f"{len(labels) - len(labelled):,} samples without a class had no say in the directions.")
    if len(rows) < len(labelled):
        remarks.append(f"The directions were found from {len(rows):,} of {len(labelled):,} samples, drawn evenly.")
    if len(rows) < FEW * (d := features.shape[1]):
        remarks.append(f"{len(rows):,} samples are few for {d:,} numbers each: new ones would part less clearly.")
    axes = tuple(f"LD {i + 1} ({percent(share)} of what parts the classes)" for i, share in enumerate(shares))
    return Projected(linear(features, placer), axes, placer, tuple(remarks))


def _fitted(features: np.ndarray, labels: np.ndarray, shrinkage: str, dims: int) -> tuple[np.ndarray, np.ndarray]:
    """-> directions (D, dims), each one's share of the variance between classes"""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    asked: dict[str, Any] = {"solver": "eigen", "shrinkage": "auto"} if shrinkage == "auto" else {"solver": "svd"}
    fitted = LinearDiscriminantAnalysis(n_components=dims, **asked).fit(features.astype(np.float64), labels)
    matrix = fitted.scalings_[:, :dims]
    if matrix.shape[1] < dims or not np.isfinite(matrix).all():
        raise NotApplicable(
            f"LDA finds no {dims} directions that part these classes: their means hardly differ. Use PCA instead."
        )
    return signed(matrix), _shares(features, labels, fitted.scalings_[:, : len(fitted.classes_) - 1])[:dims]


def _shares(features: np.ndarray, labels: np.ndarray, scalings: np.ndarray) -> np.ndarray:
    """Of the variance of the class means, in directions along which classes scatter alike. -> (L - 1,)"""
    _, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    means = np.zeros((len(counts), features.shape[1]))
    np.add.at(means, codes, features)
    apart = (means / counts[:, None] - features.mean(axis=0, dtype=np.float64)) @ scalings
    between = counts @ np.square(apart)
    return between / between.sum()


def _refuse(classes: int, samples: int, width: int, dims: int) -> None:
    if classes <= dims:
        raise NotApplicable(
            f"LDA has one axis fewer than there are classes: {dims} axes take {dims + 1} classes, and the samples here "
            f"belong to {classes}. Use PCA or class directions" + (", or two dimensions." if classes == 3 else ".")
        )
    if width < dims:
        raise NotApplicable(f"LDA with {dims} axes takes features of at least {dims} numbers; these have {width}.")
    if samples <= classes:
        raise NotApplicable(f"LDA takes more samples than classes: there are {samples} samples of {classes} classes.")
