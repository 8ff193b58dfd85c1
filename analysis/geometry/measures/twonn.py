"""TwoNN: intrinsic dimension from the two nearest neighbours (Facco et al. 2017).

Where density is even over two neighbours' distance, mu = r2 / r1 has the distribution 1 - mu^-d. Sorted, F_i = i / N
with i from 1; d is the slope of -log(1 - F) on log mu, through the origin, the largest ratios left out.
"""

from typing import Annotated, Literal

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.neighbourhoods import SUBSAMPLED, half_spread
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.registry import Range


@MEASURES.register(
    "features",
    "twonn",
    label="Intrinsic dimension by two neighbours (TwoNN)",
    group="dimension",
    tells="intrinsic dimension",
    paper="Facco, d'Errico, Rodriguez & Laio 2017, Scientific Reports 7:12140; Ansuini et al. 2019, arXiv 1905.12784",
    convention="Slope through the origin of -log(1 - i/N) on log(r2/r1), i from 1, the largest 10 % discarded; on "
    "request (k - 1) / (sum log mu + (N - k) log mu_k), the likelihood of the k that are kept. Of at most 1,000 drawn "
    "samples, neighbours among these, equal samples counted once.",
    reads="How many numbers it takes to say where on its surface a sample lies; trained networks rise, then fall.",
    fails="Above about 20 dimensions it comes out too small, and noise at the scale of neighbours makes it large.",
    unit="dimensions",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def twonn(
    features: Features,
    *,
    discard: Annotated[float, Range(0, 0.5)] = 0.1,
    fit: Literal["line", "likelihood"] = "line",
    most: Annotated[int, Range(100, 5000)] = 1000,
) -> Measured:
    """features -> dimensions; arrays: log_mu (n,) ascending, log_rest (n,) -log(1 - F), both of what is kept."""
    if features.no_variance:
        return undefined(features.no_variance, len(features))
    samples = features.near(most)
    if len(samples) < 3:
        return undefined("it takes three samples that differ", len(samples))
    x, y = _line(samples.distances[:, :2], discard)
    value = _slope(x, y, len(samples), fit)
    if not np.isfinite(value):
        return undefined("the second neighbour is as far as the first", len(samples))

    def of_half(distances: np.ndarray) -> float:
        return _slope(*_line(distances, discard), len(distances), fit)

    half = half_spread(samples, 2, of_half, features.seed)
    there = bool(np.isfinite(half))
    return Measured(
        value,
        len(samples),
        max(value - half, 0.0) if there else half,
        value + half,
        SUBSAMPLED if there else "",
        arrays={"log_mu": x, "log_rest": y},
        caveats=samples.caveats,
    )


def _line(distances: np.ndarray, discard: float) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) -> log mu and -log(1 - F) of those that are kept; the last, F = 1, has no place on a line."""
    count = len(distances)
    kept = max(min(int(count * (1 - discard)), count - 1), 1)
    x = np.sort(np.log(distances[:, 1] / distances[:, 0]))[:kept]
    return x, -np.log1p(-np.arange(1, kept + 1) / count)


def _slope(x: np.ndarray, y: np.ndarray, count: int, fit: str) -> float:
    if not x[-1] > 1e-12:
        return float("nan")
    if fit == "line":
        return float(x @ y / (x @ x))
    return (len(x) - 1) / float(x.sum() + (count - len(x)) * x[-1]) if len(x) > 1 else float("nan")
