"""CKA of Gaussian kernels: whether the same samples are close in both (Kornblith et al. 2019, section 4)."""

from typing import Annotated

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.pairs import about, distances, matched, square
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.geometry.similarity import Estimator
from analysis.registry import Range


@MEASURES.register(
    "pair",
    "rbf_cka",
    label="RBF CKA",
    group="similarity",
    paper="Kornblith et al. 2019, arXiv 1905.00414, section 4; google-research/representation_similarity",
    convention="Kernels exp(-d^2 / (2 s^2)), s the given share (.5) of the median distance, the zeros of samples to "
    "themselves counted; debiased unless the biased form is asked for; of at most 500 drawn samples.",
    reads="As the linear CKA, for what is close to what: 1 where both agree on which samples are near.",
    fails="A narrow kernel sees next to nothing but samples themselves: its biased form is then near 1 for anything.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def rbf_cka(
    one: Features,
    two: Features,
    *,
    bandwidth: Annotated[float, Range(0.05, 20)] = 0.5,
    estimator: Estimator = "debiased",
    samples: Annotated[int, Range(50, 5000)] = 500,
) -> Measured:
    """(N, D), (N, E) of the same samples -> at most 1."""
    one, two, why = matched(one, two)
    if why or len(one) < 4:
        return undefined(why or "it takes four samples", len(one))
    places = one.drawn(samples)
    key = ("gaussian", bandwidth, estimator, samples, one.seed)
    k, l = (of.once(key, lambda of=of: _kernel(of, places, bandwidth, estimator)) for of in (one, two))  # noqa: E741
    if k is None or l is None:
        return undefined("half of all pairs of samples or more are the same point", len(places))
    sums = [a.ravel() @ b.ravel() for a, b in ((k, k), (l, l), (k, l))]
    if not min(sums[:2]) > 1e-12:
        return undefined("all samples are equally far from each other", len(places))
    value, n = float(sums[2] / np.sqrt(sums[0] * sums[1])), len(places)
    each = [
        np.einsum("ij,ij->i", a, b) - total / n for (a, b), total in zip(((k, k), (l, l), (k, l)), sums, strict=True)
    ]
    pulls = 2 * each[2] / np.sqrt(sums[0] * sums[1]) - value * (each[0] / sums[0] + each[1] / sums[1])
    return about(value, n * pulls)


def _kernel(features: Features, places: np.ndarray, bandwidth: float, estimator: Estimator) -> np.ndarray | None:
    """(n, n) centred; None where the median distance is 0."""
    apart = square(distances(features, places))
    width = bandwidth * float(np.median(apart))
    if not width > 0:
        return None
    kernel = np.exp(-np.square(apart / width) / 2)
    return u_centred(kernel) if estimator == "debiased" else kernel - _means(kernel)


def _means(kernel: np.ndarray) -> np.ndarray:
    rows = kernel.mean(axis=0)
    return rows[:, None] + rows - rows.mean()


def u_centred(kernel: np.ndarray) -> np.ndarray:
    """(n, n) with a diagonal of 0, every row's sum 0 (Szekely & Rizzo 2014): inner products are n (n - 3) HSIC_1."""
    n, kernel = len(kernel), kernel.copy()
    np.fill_diagonal(kernel, 0)
    means = kernel.sum(axis=0) / (n - 2)
    means -= means.sum() / (2 * (n - 1))
    kernel -= means[:, None] + means
    np.fill_diagonal(kernel, 0)
    return kernel
