"""Groups among the samples of an embedding: the job kind "cluster".

arguments = asked(embedding, method="hdbscan", params={"min_cluster_size": 20}, space="picture")
run_here(store, workspace, "cluster", arguments)    or Work.submit("cluster", arguments, title)
store.embeddings.clusterings(embedding.embedding_id)
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from analysis.embeddings import Clustering, Embedding
from analysis.engine.devices import describe
from analysis.errors import BadParameter
from analysis.pipelines.embedding_files import folder_of, left
from analysis.pipelines.embedding_quality import source_of, words
from analysis.pipelines.embedding_sources import features_of
from analysis.store.embeddings import POINTS, labels_file, write_array
from analysis.store.keys import digest
from analysis.types import Report

if TYPE_CHECKING:
    from analysis.store.store import Store

VERSION = 1
SPACES = ("features", "picture")
Space = Literal["features", "picture"]


def asked(
    embedding: Embedding,
    *,
    method: str = "hdbscan",
    params: Mapping[str, Any] | None = None,
    space: Space = "features",
) -> dict[str, Any]:
    """The arguments of the job, the id of the clustering among them; UnknownName or BadParameter.

    space: whether groups are sought among the features or among the points of the picture.
    """
    from analysis.projections.clusters import CLUSTERINGS

    if space not in SPACES:
        raise BadParameter(f"Clusters are sought among {' or '.join(SPACES)}; got '{space}'.")
    bound = CLUSTERINGS[method].bound(params)
    version = [VERSION, CLUSTERINGS[method].version]
    what = {"embedding_id": embedding.embedding_id, "method": method, "params": bound, "space": space}
    found = digest(family="clustering", version=version, **what)
    return what | {"dataset": embedding.dataset_id, "clustering_id": found}


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Find and describe the groups -> the clustering as JSON; labels are left in the embedding's folder."""
    from analysis.datasets.opened import OpenDataset
    from analysis.projections.clusters import clustered
    from analysis.projections.clusters import describe as in_words

    workspace, began = Path(arguments["workspace"]), time.perf_counter()
    folder, embedding = left(workspace, arguments["embedding_id"])
    values = np.load(folder / POINTS)
    if arguments["space"] == "features":
        source = source_of(embedding)
        values = features_of(workspace, source.pass_id, source.tap, words(source))
    dataset = OpenDataset.open(workspace / "datasets" / embedding.dataset_id)
    groups = clustered(values, arguments["method"], arguments["params"], lambda done, said: report(0.9 * done, said))
    report(0.9, "describing them")
    found = Clustering(
        clustering_id=arguments["clustering_id"],
        embedding_id=embedding.embedding_id,
        method=arguments["method"],
        params=dict(arguments["params"]),
        space=arguments["space"],
        clusters=tuple(in_words(groups.labels, values, dataset.labels, len(dataset.record.class_names))),
        remarks=tuple(groups.remarks),
        seconds=time.perf_counter() - began,
        computed_at=datetime.now(UTC),
        device=describe("cpu"),
    )
    place = folder_of(workspace, embedding.embedding_id) / labels_file(found.clustering_id)
    write_array(place, np.asarray(groups.labels, np.int32))
    return {"clustering": found.to_json()}


def finish(store: Store, workspace: Path, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Take the clustering into the store -> clustering_id, and how many groups there are."""
    found = Clustering.from_json(result["clustering"])
    labels = np.load(folder_of(workspace, found.embedding_id) / labels_file(found.clustering_id))
    store.embeddings.save_clustering(found, labels)
    return {"clustering_id": found.clustering_id, "clusters": sum(c.cluster >= 0 for c in found.clusters)}
