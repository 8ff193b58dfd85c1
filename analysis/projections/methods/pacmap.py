"""PaCMAP (Wang, Huang, Rudin & Shaposhnik 2021), by its authors' library: near, mid-near and further pairs."""

from typing import Annotated, Any, Literal

import numpy as np

from analysis.projections.libraries import one_thread, quiet
from analysis.projections.prepared import under, wide_enough
from analysis.projections.registry import PROJECTIONS, Given, Projected
from analysis.registry import Range


@PROJECTIONS.register(
    "alone",
    "pacmap",
    label="PaCMAP",
    paper="Wang, Huang, Rudin & Shaposhnik 2021, JMLR 22(201)",
    reads="Samples that are near each other are mostly neighbours in the features too, and the rough arrangement of "
    "groups is kept better than by UMAP or t-SNE.",
    fails="Distances between groups are still not those of the features, and single outliers are pulled into groups.",
    differs="Features of more than 100 numbers are first brought to 100 by PCA, as the library does. Cosine compares "
    "directions by the chord between them.",
    knob="n_neighbors",
    steps=(5, 10, 20, 40, 80),
)
def pacmap(
    features: np.ndarray,
    given: Given,
    *,
    n_neighbors: Annotated[int, Range(2, 200)] = 10,
    MN_ratio: Annotated[float, Range(0, 10)] = 0.5,
    FP_ratio: Annotated[float, Range(0.1, 20)] = 2.0,
    metric: Literal["euclidean", "cosine", "manhattan"] = "euclidean",
) -> Projected:
    """See neighbours and the rough arrangement of groups at once.

    features (N, D) -> points (N, dims). MN_ratio and FP_ratio: pairs at middle distance (the large arrangement) and
    far away (gaps between groups), as multiples of n_neighbors.
    """
    used = wide_enough(under(features, metric), given.dims)
    with quiet("pacmap"), one_thread():
        from pacmap import PaCMAP

        given.report(0.05, "finding pairs and moving them")
        reducer: Any = PaCMAP(
            n_components=given.dims,
            n_neighbors=n_neighbors,
            MN_ratio=MN_ratio,
            FP_ratio=FP_ratio,
            distance="manhattan" if metric == "manhattan" else "euclidean",
            random_state=given.seed,
        )
        points = reducer.fit_transform(used)
    remark = (
        f"So few samples leave each one {reducer.n_neighbors} of {n_neighbors} neighbours, beside the further pairs."
    )
    lowered = reducer.n_neighbors < n_neighbors
    return Projected(
        np.asarray(points, np.float32),
        tuple(f"PaCMAP {i + 1}" for i in range(given.dims)),
        remarks=(remark,) * lowered,
    )
