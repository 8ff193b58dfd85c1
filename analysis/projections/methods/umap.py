"""UMAP (McInnes, Healy & Melville 2018), by umap-learn: coordinates are its own for the same seed and parameters.

densMAP is Narayan, Berger & Cho 2021. One thread and a seed, so that a picture can be had again.
"""

from typing import Annotated, Any

import numpy as np

from analysis.errors import NotApplicable
from analysis.projections.libraries import Ticks, epochs, quiet
from analysis.projections.prepared import Metric
from analysis.projections.registry import PROJECTIONS, Given, Projected
from analysis.registry import Range

SPECTRAL = 20  # samples from which on the graph's own eigenvectors are a start that can be relied on


@PROJECTIONS.register(
    "alone",
    "umap",
    label="UMAP",
    paper="McInnes, Healy & Melville 2018; densMAP: Narayan, Berger & Cho 2021",
    reads="Samples that are near each other are mostly neighbours in the features too: read who is beside whom, and "
    "which groups hang together.",
    fails="How large a group is drawn and how far groups lie apart mean little, and gaps may be made up: compare "
    "several values of n_neighbors and several seeds.",
    differs="One thread and a fixed seed. Of fewer than 20 samples the start is PCA, not the graph's eigenvectors.",
    knob="n_neighbors",
    steps=(5, 15, 30, 50, 100),
)
def umap(
    features: np.ndarray,
    given: Given,
    *,
    metric: Metric = "euclidean",
    n_neighbors: Annotated[int, Range(2, 200)] = 15,
    min_dist: Annotated[float, Range(0, 0.99)] = 0.1,
    densmap: bool = False,
    supervised: bool = False,
    n_epochs: Annotated[int, Range(0, 5000)] = 0,
) -> Projected:
    """See which samples are neighbours, and the groups they form.

    features (N, D) -> points (N, dims). densmap keeps dense groups dense; supervised draws samples of one class
    together (-1: class unknown, umap's own convention); n_epochs 0 leaves the length of the work to umap.
    """
    labels = _labels(given) if supervised else None
    few = len(features) < SPECTRAL
    with quiet("umap", "tqdm", "sklearn", "pynndescent"):
        from umap import UMAP

        given.report(0.02, "finding neighbours")
        reducer = UMAP(
            n_components=given.dims,
            metric=metric,
            n_neighbors=n_neighbors,
            min_dist=min_dist,
            densmap=densmap,
            n_epochs=n_epochs or None,
            random_state=given.seed,
            n_jobs=1,
            init="pca" if few else "spectral",
            tqdm_kwds=epochs(Ticks(given.report, start=0.3)),
        )
        points: Any = reducer.fit_transform(np.ascontiguousarray(features), labels)
    remark = "So few samples are started from PCA, since their graph has too few eigenvectors."
    return Projected(
        np.asarray(points, np.float32), tuple(f"UMAP {i + 1}" for i in range(given.dims)), None, (remark,) * few
    )


def _labels(given: Given) -> np.ndarray:
    if given.labels is None or not (np.asarray(given.labels) >= 0).any():
        raise NotApplicable("Supervised UMAP needs the classes of the samples, and there are none. Turn it off.")
    return np.asarray(given.labels)
