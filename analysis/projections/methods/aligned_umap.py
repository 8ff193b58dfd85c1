"""AlignedUMAP: several UMAPs of the same samples, laid out together (umap-learn, after Dadu et al. 2023).

Each sample is tied to itself in the next pictures, so that what moves between two pictures has moved in the features.
"""

from typing import Annotated, Any

import numpy as np

from analysis.errors import NotApplicable
from analysis.projections.libraries import one_thread, quiet
from analysis.projections.prepared import Metric
from analysis.projections.registry import PROJECTIONS, Given, Projected
from analysis.registry import Range

FEWEST = 20  # samples: it always starts from the graphs' eigenvectors


@PROJECTIONS.register(
    "joint",
    "aligned_umap",
    label="Aligned UMAP",
    paper="McInnes, Healy & Melville 2018; aligned as in umap-learn (Dadu et al. 2023, Patterns)",
    reads="Several UMAPs whose samples are held near their own places in the other pictures: what moves has moved in "
    "the features.",
    fails="The tie also hides movement: with a strong alignment pictures look alike whether the features do or not.",
    differs="One thread and a fixed seed; every sample is tied to itself.",
    knob="n_neighbors",
    steps=(5, 15, 30, 50, 100),
    most=50_000,
)
def aligned_umap(
    features: list[np.ndarray],
    given: Given,
    *,
    metric: Metric = "euclidean",
    n_neighbors: Annotated[int, Range(2, 200)] = 15,
    min_dist: Annotated[float, Range(0, 0.99)] = 0.1,
    alignment_regularisation: Annotated[float, Range(0, 1)] = 0.01,
    alignment_window_size: Annotated[int, Range(1, 10)] = 3,
    n_epochs: Annotated[int, Range(10, 5000)] = 200,
) -> list[Projected]:
    """See how the same samples move from one set of features to the next.

    features [(N, D), (N, D') ...] -> points [(N, dims), ...]. alignment_regularisation: how strongly a sample is held;
    alignment_window_size: over how many pictures before and after.
    """
    if len(features) < 2:
        raise NotApplicable("Aligned UMAP lays two or more sets of features together; there is one. Use UMAP.")
    if len(features[0]) < FEWEST:
        raise NotApplicable(f"Aligned UMAP takes {FEWEST} samples or more; there are {len(features[0])}.")
    itself = {i: i for i in range(len(features[0]))}
    with quiet("umap", "sklearn", "pynndescent"), one_thread():
        from umap import AlignedUMAP

        given.report(0.02, f"laying out {len(features)} pictures together")
        mapper: Any = AlignedUMAP(
            n_components=given.dims,
            metric=metric,
            n_neighbors=n_neighbors,
            min_dist=min_dist,
            alignment_regularisation=alignment_regularisation,
            alignment_window_size=alignment_window_size,
            n_epochs=n_epochs,
            random_state=given.seed,
            transform_seed=given.seed,
        ).fit([np.ascontiguousarray(f) for f in features], relations=[itself] * (len(features) - 1))
    axes = tuple(f"Aligned UMAP {i + 1}" for i in range(given.dims))
    return [Projected(np.array(points, np.float32), axes) for points in mapper.embeddings_]
