"""Intrinsic dimension by maximum likelihood of distances to k neighbours (Levina & Bickel 2004).

    1 / m_i = 1/(k - 1) sum over j < k of log(T_k / T_j), T_j the distance of sample i to its j-th neighbour

and m = 1 / mean(1 / m_i) (MacKay & Ghahramani 2005). At k = 5 the forms with k - 1 and k - 2 differ by a third.
"""

from typing import Annotated, Literal

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.neighbourhoods import SUBSAMPLED, half_spread
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.registry import Range


@MEASURES.register(
    "features",
    "mle",
    label="Intrinsic dimension by maximum likelihood (MLE)",
    group="dimension",
    tells="intrinsic dimension",
    paper="Levina & Bickel 2004, NeurIPS 17, eq. 8; MacKay & Ghahramani 2005, comments on it; Pope et al. 2021",
    convention="k = 20 neighbours, k - 1 (as scikit-dimension; ppope/dimensions has k - 2), inverses averaged over "
    "samples. Of at most 1,000 drawn samples, neighbours among these, equal samples counted once.",
    reads="How many numbers it takes to say where on its surface a sample lies; steadier than TwoNN, and more local "
    "the smaller k.",
    fails="Above about 10 dimensions it comes out too small, the more so the fewer the samples: compare equal n.",
    unit="dimensions",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def mle(
    features: Features,
    *,
    k: Annotated[int, Range(3, 30)] = 20,
    factor: Literal["k - 1", "k - 2"] = "k - 1",
    averaged: Literal["inverses", "values"] = "inverses",
    most: Annotated[int, Range(100, 5000)] = 1000,
) -> Measured:
    """features -> dimensions; arrays: local (n,) of each sample, NaN where infinite, rows (n,) in what was given."""
    if features.no_variance:
        return undefined(features.no_variance, len(features))
    samples = features.near(most)
    used = min(k, samples.distances.shape[1])
    if used < 3:
        return undefined("it takes four samples that differ", len(samples))
    less = 1 if factor == "k - 1" else 2

    def of_distances(distances: np.ndarray) -> float:
        return _dimension(_inverses(distances, less), averaged)

    inverses = _inverses(samples.distances[:, :used], less)
    value = _dimension(inverses, averaged)
    if not np.isfinite(value):
        return undefined(f"all {used} neighbours of a sample are equally far", len(samples))
    half = half_spread(samples, used, of_distances, features.seed)
    there = bool(np.isfinite(half))
    local = np.divide(1, inverses, out=np.full(len(inverses), np.nan), where=inverses > 0)
    said = (f"Only {used} neighbours, for there are {len(samples):,} samples that differ.",) if used < k else ()
    return Measured(
        value,
        len(samples),
        max(value - half, 0.0) if there else half,
        value + half,
        SUBSAMPLED if there else "",
        arrays={"local": local, "rows": features.rows[samples.places]},
        caveats=samples.caveats + said,
    )


def _inverses(distances: np.ndarray, less: int) -> np.ndarray:
    """(n, k) ascending -> (n,) 1 / m_i."""
    k = distances.shape[1]
    return (k * np.log(distances[:, -1]) - np.log(distances).sum(axis=1)) / (k - less)


def _dimension(inverses: np.ndarray, averaged: str) -> float:
    there = inverses[inverses > 1e-12]
    if averaged == "values":
        return float((1 / there).mean()) if len(there) else float("nan")
    return 1 / float(inverses.mean()) if len(there) else float("nan")
