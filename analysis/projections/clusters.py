"""Groups among features or points. `CLUSTERINGS` has the methods, `cluster` calls one, `describe` says what is in them.

Features of more than 50 numbers are first reduced to their first 50 principal components: in more, density means
little and HDBSCAN's search by trees helps nothing. HDBSCAN takes time with the square of the samples: of more than
20,000 an evenly drawn part is clustered, and the rest take the label of their nearest neighbour in it. `remarks` say
where either was done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from analysis.errors import BadParameter, NotApplicable
from analysis.projections.described import describe
from analysis.projections.libraries import quiet
from analysis.projections.prepared import blocks, evenly
from analysis.registry import Method, Note, Range, Registry, parameters_of
from analysis.types import Report, silent

__all__ = ["CLUSTERINGS", "MOST", "WIDEST", "Clusters", "cluster", "clustered", "describe"]

WIDEST = 50
"""Principal components that features are reduced to."""

MOST = 20_000
"""Samples that HDBSCAN itself groups."""

SMALLEST = 5
"""Samples of a drawn part that can be a cluster."""


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Groups among N samples."""

    labels: np.ndarray  # (N,) int32, 0 the largest; -1 for those in none, and those without finite values
    remarks: tuple[str, ...] = ()


CLUSTERINGS: Registry[Method] = Registry("clustering")


def _method(name: str, label: str, note: Note) -> Callable[[Callable], Callable]:
    def add(function: Callable) -> Callable:
        CLUSTERINGS.add(Method(name, label, function, note, "clustering", parameters=parameters_of(function)))
        return function

    return add


@_method(
    "hdbscan",
    "HDBSCAN",
    Note(
        reads="Groups are places that are denser than what surrounds them; their number is found, not asked for.",
        fails="Samples in thin places belong to no group, and these can be many.",
        paper="Campello, Moulavi and Sander 2013; McInnes, Healy and Astels 2017 (scikit-learn's)",
        differs="Of more than 20,000 samples an evenly drawn part is grouped, and the rest go with their nearest.",
    ),
)
def hdbscan(
    values: np.ndarray,
    *,
    min_cluster_size: Annotated[int, Range(2, 10_000)] = 20,
    min_samples: Annotated[int, Range(1, 1000)] = 5,
    leaves: bool = False,
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0,
) -> Clusters:
    """Dense groups of any number. values (N, D) finite, D small -> Clusters

    min_cluster_size: samples that a group has at least. min_samples: of how many neighbours density is taken: more
    leave more samples in no group. leaves: many small groups (the tree's leaves) rather than the few that last
    longest. seed: of the part that is drawn.
    """
    from sklearn.cluster import HDBSCAN

    if min_cluster_size > len(values):
        raise BadParameter(
            f"HDBSCAN: a group of at least {min_cluster_size:,} was asked for, of {len(values):,} samples."
        )
    drawn = evenly(len(values), MOST, seed)
    share = len(drawn) / len(values)
    least = max(SMALLEST, round(min_cluster_size * share)) if share < 1 else min_cluster_size
    settings: dict[str, Any] = {
        "min_cluster_size": least,
        "min_samples": min(min_samples, len(drawn)),
        "cluster_selection_method": "leaf" if leaves else "eom",
        "copy": True,
    }
    with quiet():
        found = HDBSCAN(**settings).fit_predict(values[drawn])
    said = []
    if share < 1:
        said.append(
            f"HDBSCAN grouped {len(drawn):,} of {len(values):,} samples, evenly drawn; the others have the group of "
            f"their nearest neighbour among these. Groups of fewer than about {round(least / share):,} are not found."
        )
    if (found < 0).all():
        said.append(
            f"No place is denser than others with at least {min_cluster_size:,} samples: ask for smaller groups."
        )
    labels = found if share == 1 else _nearest_label(values, drawn, found)
    return Clusters(labels, tuple(said))


@_method(
    "kmeans",
    "k-means",
    Note(
        reads="Every sample goes with the nearest of k means: round groups of about one width.",
        fails="It always finds k groups, whether there are such or not, and cuts long ones.",
        paper="Lloyd 1982; Arthur and Vassilvitskii 2007, k-means++ (scikit-learn's; of many samples in small batches, "
        "Sculley 2010)",
    ),
)
def kmeans(
    values: np.ndarray,
    *,
    k: Annotated[int, Range(1, 1000)] = 10,
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0,
) -> Clusters:
    """As many round groups as asked for. values (N, D) finite -> Clusters"""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    if k > len(values):
        raise BadParameter(f"k-means: {k:,} groups were asked for, of {len(values):,} samples. Ask for fewer.")
    with quiet():
        small: dict[str, Any] = {"n_init": 4, "random_state": seed}
        large: dict[str, Any] = {"n_init": 3, "batch_size": 4096, "random_state": seed}
        method = KMeans(k, **small) if len(values) <= MOST else MiniBatchKMeans(k, **large)
        labels = method.fit_predict(values)
    count = len(np.unique(labels))
    few = f"There are only {count:,} different samples, and so many groups, not {k:,}."
    return Clusters(labels, (few,) * (count < k))


def cluster(values: np.ndarray, method: str = "hdbscan", **params: Any) -> np.ndarray:
    """(N, D) -> labels (N,) int32, 0 the largest group, -1 for none; see `clustered`, which has remarks too."""
    return clustered(values, method, params).labels


def clustered(
    values: np.ndarray, method: str = "hdbscan", params: Mapping[str, Any] | None = None, report: Report = silent
) -> Clusters:
    """Groups among features or points (N, D), memory-mapped or not; rows that are not finite belong to none."""
    called = CLUSTERINGS[method]
    bound = called.bound(params)
    usable = np.concatenate([np.isfinite(block).all(axis=1) for _, block in blocks(values)])
    rows = np.flatnonzero(usable)
    if len(rows) < 2:
        raise NotApplicable(f"Groups are sought among at least 2 samples; {len(rows)} of {len(values):,} can be used.")
    report(0.0, "preparing")
    prepared, said = _reduced(values, rows, int(bound["seed"]))
    if (prepared == prepared[0]).all():
        raise NotApplicable(f"All {len(rows):,} samples have the same values here: there are no groups among them.")
    report(0.2, "looking for groups")
    found = called.function(prepared, **bound)
    labels = np.full(len(values), -1, np.int32)
    labels[rows] = by_size(found.labels)
    lost = len(values) - len(rows)
    away = f"{lost:,} of {len(values):,} samples have values that are not finite, and belong to no group."
    return Clusters(labels, (*said, *found.remarks, *((away,) * bool(lost))))


def by_size(labels: np.ndarray) -> np.ndarray:
    """Numbered from the largest, of equals the one that is met first; -1 stays. (N,) -> (N,) int32"""
    names, first, counts = np.unique(labels, return_index=True, return_counts=True)
    kept = names >= 0
    names = names[kept][np.lexsort((first[kept], -counts[kept]))]
    new = np.full(int(labels.max(initial=-1)) + 2, -1, np.int32)  # the last is for -1
    new[names] = np.arange(len(names))
    return new[labels]


def _reduced(values: np.ndarray, rows: np.ndarray, seed: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """(N, D), usable rows (n,) -> (n, at most 50) float64, what was done"""
    if values.shape[1] <= WIDEST:
        return np.asarray(values[rows], np.float64), ()
    from sklearn.decomposition import PCA

    sample = np.asarray(values[rows[evenly(len(rows), MOST, seed)]], np.float64)
    count = min(WIDEST, len(sample))
    with quiet():
        parts = PCA(count, svd_solver="covariance_eigh" if len(sample) > values.shape[1] else "full").fit(sample)
    found = np.empty((len(rows), count))
    step = max(1, (1 << 23) // values.shape[1])
    for start in range(0, len(rows), step):
        found[start : start + step] = parts.transform(np.asarray(values[rows[start : start + step]], np.float64))
    kept = float(parts.explained_variance_ratio_.sum()) if sample.var() > 0 else 1.0
    return found, (
        f"Groups were sought in the first {count} principal components of {values.shape[1]:,} numbers a sample, which "
        f"hold {kept:.0%} of their variance.",
    )


def _nearest_label(values: np.ndarray, drawn: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Of each sample the label of its nearest among those that were drawn. (N, D), (n,), (n,) -> (N,)"""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=1).fit(values[drawn])
    found = np.empty(len(values), labels.dtype)
    step = 20_000
    for start in range(0, len(values), step):
        found[start : start + step] = labels[search.kneighbors(values[start : start + step])[1][:, 0]]
    found[drawn] = labels
    return found
