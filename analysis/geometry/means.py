"""Which class mean each sample is nearest to, with and without the sample itself in it: one pass over the rows."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class NearestMeans:
    """Of N samples, places among the K classes; -1 where a sample cannot be asked.

    Left out, that is one that is its whole class; by cosine, also one of length 0.
    """

    plain: np.ndarray  # (N,) Euclidean, means of all samples
    left_out: np.ndarray  # (N,) Euclidean, each sample left out of its own class's mean
    cosine_left_out: np.ndarray  # (N,) likewise, by the cosine of features and means about the origin
    own_cosines: np.ndarray  # (N,) of features and own class mean, both about the mean of means; NaN: no direction


def nearest_means(
    parts: Iterable[tuple[slice, np.ndarray]], places: np.ndarray, counts: np.ndarray, means: np.ndarray
) -> NearestMeans:
    """parts of (N, D) float64, places (N,) in K classes or -1, counts (K,), means (K, D) of the same samples.

    Leaving sample i out of n moves its mean to (n mu - h) / (n - 1), so its distance grows by n / (n - 1), exactly.
    """
    middle = means.mean(axis=0)
    centred = means - middle
    squares, lengths = np.square(centred).sum(axis=1), np.square(means).sum(axis=1)
    plain, left_out, cosine = (np.full(len(places), -1) for _ in range(3))
    own_cosines = np.full(len(places), np.nan)
    for where, part in parts:
        whole = np.square(part).sum(axis=1)
        part = part - middle
        products, own = part @ centred.T, places[where]
        size = np.square(part).sum(axis=1)
        rows = np.flatnonzero(own >= 0)
        mine, n = own[rows], counts[own[rows]].astype(np.float64)
        one = n < 2

        with_own = products[rows, mine]
        scale = np.sqrt(size[rows] * squares[mine])
        own_cosines[where.start + rows] = np.divide(with_own, scale, out=np.full(len(rows), np.nan), where=scale > 0)

        distances = size[:, None] + squares - 2 * products
        plain[where] = distances.argmin(axis=1)
        distances[rows, mine] *= np.where(one, 1, n / np.maximum(n - 1, 1)) ** 2
        left_out[where] = distances.argmin(axis=1)
        left_out[where.start + rows[one]] = -1

        products += (part @ middle)[:, None] + centred @ middle + middle @ middle  # now about the origin
        with_own, others = products[rows, mine], np.maximum(n - 1, 1)
        rest = np.maximum(n**2 * lengths[mine] - 2 * n * with_own + whole[rows], 0) / others**2
        products /= np.where(lengths > 0, np.sqrt(lengths), 1)
        products[rows, mine] = (n * with_own - whole[rows]) / others / np.where(rest > 0, np.sqrt(rest), 1)
        cosine[where] = products.argmax(axis=1)
        cosine[where.start + rows[one]] = -1
        cosine[where][whole <= 0] = -1
    return NearestMeans(plain, left_out, cosine, own_cosines)
