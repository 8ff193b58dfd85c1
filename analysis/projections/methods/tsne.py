"""t-SNE (van der Maaten & Hinton 2008), by openTSNE (Poličar, Stražar & Zupan 2024).

Barnes-Hut (van der Maaten 2014) below 10,000 samples and always in 3-D, interpolation (Linderman et al. 2019) above.
Started from PCA, which keeps the large arrangement (Kobak & Berens 2019).
"""

from typing import Annotated, Any, Literal

import numpy as np

from analysis.projections.libraries import quiet
from analysis.projections.prepared import under, wide_enough
from analysis.projections.registry import PROJECTIONS, Given, Projected
from analysis.registry import Range
from analysis.types import Report

EXACT = 50_000  # samples up to which the exact search is quicker than Annoy's trees, measured with 64 to 512 numbers
EXACT_MANHATTAN = 10_000  # the same where no matrix product serves
EARLY, LATE = 250, 500  # iterations with and without exaggeration: openTSNE's defaults
EVERY = 10  # iterations between two looks at whether to go on


@PROJECTIONS.register(
    "alone",
    "tsne",
    label="t-SNE",
    paper="van der Maaten & Hinton 2008; openTSNE: Poličar, Stražar & Zupan 2024",
    reads="Samples that are near each other are mostly neighbours in the features too; perplexity is about how many "
    "neighbours each one minds.",
    fails="Sizes of groups and distances between them mean little, and a low perplexity makes islands out of noise: "
    "compare several values.",
    differs="Cosine and correlation compare directions by the chord between them. Started from PCA, one thread, a "
    "fixed seed; above 50,000 samples (10,000 by manhattan) neighbours are approximate (Annoy).",
    knob="perplexity",
    steps=(5, 15, 30, 50, 100),
)
def tsne(
    features: np.ndarray,
    given: Given,
    *,
    perplexity: Annotated[float, Range(1, 500)] = 30.0,
    metric: Literal["euclidean", "cosine", "correlation", "manhattan"] = "euclidean",
    n_iter: Annotated[int, Range(50, 5000)] = LATE,
) -> Projected:
    """See which samples are neighbours, in islands.

    features (N, D) -> points (N, dims). n_iter: iterations after the first 250, in which groups are pulled together.
    """
    wished: Any = perplexity  # a number, though openTSNE's default makes it look whole
    used = wide_enough(under(features, metric), given.dims)
    with quiet("openTSNE"):
        from openTSNE import TSNE

        given.report(0.02, "finding neighbours")
        points: Any = TSNE(
            n_components=given.dims,
            perplexity=wished,
            metric="manhattan" if metric == "manhattan" else "euclidean",
            neighbors="exact" if len(used) <= (EXACT_MANHATTAN if metric == "manhattan" else EXACT) else "annoy",
            negative_gradient_method="bh" if given.dims == 3 else "auto",
            initialization="pca",
            early_exaggeration_iter=EARLY,
            n_iter=n_iter,
            n_jobs=1,
            random_state=given.seed,
            callbacks=_Look(given.report, EARLY + n_iter),
            callbacks_every_iters=EVERY,
        ).fit(np.ascontiguousarray(used, dtype=np.float64))
    return Projected(np.asarray(points, np.float32), tuple(f"t-SNE {i + 1}" for i in range(given.dims)))


class _Look:
    """Called by openTSNE as it goes; what the report raises ends the work."""

    def __init__(self, report: Report, of: int) -> None:
        self._report, self._of, self._done = report, of, 0

    def __call__(self, iteration: int, error: float, embedding: np.ndarray) -> bool:
        self._done += EVERY
        self._report(min(1.0, 0.1 + 0.9 * self._done / self._of), f"iteration {self._done} of {self._of}")
        return False
