"""Which samples are nearest in the features: to a sample, or to features of something new.

Always exact: of one sample, looking at all features takes less than making an index of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from analysis.embeddings import Source
from analysis.errors import BadParameter
from analysis.pipelines.embedding_quality import words
from analysis.pipelines.embedding_sources import features_of

if TYPE_CHECKING:
    from analysis.store.store import Store

Metric = Literal["cosine", "euclidean"]
MOST = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """The samples nearest to M queries, the nearest first."""

    indices: np.ndarray  # (M, k) int64, samples of the dataset
    distances: np.ndarray  # (M, k) float32; cosine: 1 - cosine, 0 to 2
    metric: str


def neighbours(
    store: Store,
    workspace: Path,
    source: Source,
    of: int | np.ndarray,
    k: int = 10,
    metric: Metric = "cosine",
) -> Near:
    """The k nearest of a source's samples to one of them (which is left out), or to features (D,) or (M, D).

    Fewer where there are fewer. BadParameter for a sample that is not there or features of another width, DataError
    where the features are gone.
    """
    read = features_of(workspace, source.pass_id, source.tap, words(source))
    if not 1 <= k <= MOST:
        raise BadParameter(f"Ask for 1 to {MOST:,} neighbours; got {k}.")
    if not isinstance(of, (int, np.integer)):
        return nearest_of(read, np.atleast_2d(np.asarray(of, np.float32)), k, metric)
    if not 0 <= of < len(read):
        raise BadParameter(f"There is no sample {of} in '{source.dataset_name}', which has 0 to {len(read) - 1:,}.")
    query = np.asarray(read[of : of + 1], np.float32)
    if not np.isfinite(query).all():
        raise BadParameter(f"The features of sample {of} are not finite, so it has no neighbours. Choose another.")
    found = nearest_of(read, query, k + 1, metric)
    others = found.indices[0] != of
    kept = np.flatnonzero(others)[:k]
    return Near(found.indices[:, kept], found.distances[:, kept], metric)


def nearest_of(read: np.ndarray, queries: np.ndarray, k: int, metric: str) -> Near:
    """The k nearest of features (N, D) to queries (M, D), rows that are not finite left out."""
    from analysis.projections.neighbours import nearest

    if queries.shape[1] != read.shape[1]:
        raise BadParameter(f"These features are {read.shape[1]:,} numbers a sample; got {queries.shape[1]:,}.")
    most = len(read) if len(read) > 2 * k else int(np.isfinite(read).all(axis=1).sum())
    indices, distances = nearest(read, queries, max(1, min(k, most)), metric=metric)
    return Near(np.asarray(indices, np.int64), np.asarray(distances, np.float32), metric)
