"""Features laid out where they can be seen: the job kind "embed", and all that is asked of embeddings.

    arguments = asked(store, workspace, model="a", dataset_id=id, method="umap")
    run_here(store, workspace, "embed", arguments)      or Work.submit("embed", arguments, title)
    store.embeddings.one(arguments["embedding_ids"][0])
    quick(store, workspace, source, "pca")              what is ready within about a second, in this process
    neighbours(store, workspace, source, 12)            the samples nearest to one
    place(store, workspace, embedding, classifier, pictures)
    aligned(points, onto)                               one picture turned onto another

`compute` knows no store: it runs the passes that are lacking, lays out, and leaves a folder for each embedding under a
temporary name, each there whole or not at all, so that a job that was killed redoes neither; the store takes them over.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.datasets import layout
from analysis.embeddings import Embedding, Source
from analysis.engine.devices import describe
from analysis.errors import BadParameter
from analysis.passes.features import feature_path
from analysis.pipelines import predict
from analysis.pipelines.embedding_aligning import Turned, aligned
from analysis.pipelines.embedding_asking import asked, check_needs, embedding_id, find, group_id
from analysis.pipelines.embedding_files import laid_before, leave, left
from analysis.pipelines.embedding_laying import lay
from analysis.pipelines.embedding_neighbours import Near, neighbours
from analysis.pipelines.embedding_passes import run_of, run_pass
from analysis.pipelines.embedding_sources import PASSES, features, features_of, source, sources
from analysis.pipelines.embedding_upload import Placed, place
from analysis.pipelines.predict import condition_of
from analysis.types import Report, part, silent

if TYPE_CHECKING:
    from analysis.projections.checking import Laid
    from analysis.store.store import Store
    from models.classifier import Classifier

__all__ = [
    "Near",
    "Placed",
    "Turned",
    "aligned",
    "asked",
    "compute",
    "condition_of",
    "embedding_id",
    "features",
    "find",
    "finish",
    "group_id",
    "neighbours",
    "place",
    "quick",
    "source",
    "sources",
]


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Run the passes that are lacking, then lay out -> embedding_ids, and what `finish` takes of the passes."""
    workspace, ids = Path(arguments["workspace"]), list(arguments["embedding_ids"])
    if all(laid_before(workspace, found) for found in ids):
        return {"embedding_ids": ids, "passes": _runs(workspace, arguments)}
    began = time.perf_counter()
    runs, subjects = _with_features(workspace, arguments, part(report, 0, 2))
    laid = lay(workspace, subjects, arguments, part(report, 1, 2) if runs else report)
    seconds = time.perf_counter() - began
    for found, subject, each in zip(ids, subjects, laid, strict=True):
        leave(workspace, _embedding(found, subject, arguments, each, seconds), each)
    return {"embedding_ids": ids, "passes": runs}


def finish(store: Store, workspace: Path, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Take passes and embeddings into the store -> embedding_ids, pass_ids."""
    runs = {run["record"]["pass_id"]: run for run in result["passes"]}
    for subject in arguments["subjects"]:
        if store.pass_record(subject["pass_id"]) is None:
            run = runs.get(subject["pass_id"]) or run_pass(workspace, arguments["dataset"], subject, silent)
            predict.finish(store, workspace, {}, run)
    for found in result["embedding_ids"]:
        if not store.embeddings.has(found):
            folder, embedding = left(workspace, found)
            store.embeddings.save(embedding, folder)
    return {
        "embedding_ids": list(result["embedding_ids"]),
        "pass_ids": [subject["pass_id"] for subject in arguments["subjects"]],
    }


def quick(
    store: Store,
    workspace: Path,
    source: Source,
    method: str = "pca",
    params: Mapping[str, Any] | None = None,
    dims: int = 2,
    seed: int = 0,
    classifier: Classifier | None = None,
) -> Embedding:
    """An embedding by a method that is ready within about a second, read back or computed in this process and kept.

    classifier: the source's, where it is loaded already. BadParameter for a method that is not quick.
    """
    from analysis.projections import PROJECTIONS

    chosen = PROJECTIONS[method]
    if not chosen.quick:
        raise BadParameter(f"{chosen.label} takes longer than a page may wait. Ask for it as a job.")
    check_needs(chosen, store.dataset(source.dataset_id), [source.tap])
    arguments: dict[str, Any] = {
        "dataset": source.dataset_id,
        "method": method,
        "params": chosen.bound(params),
        "dims": dims,
        "seed": seed if chosen.seeded else 0,
        "group": "",
    }
    found = embedding_id(source.pass_id, source.tap, method, arguments["params"], dims, arguments["seed"])
    known = store.embeddings.one(found)
    if known is not None and store.embeddings.has(found):
        return known
    began = time.perf_counter()
    (laid,) = lay(workspace, [source], arguments, silent, classifier)
    embedding = _embedding(found, source, arguments, laid, time.perf_counter() - began)
    store.embeddings.save(embedding, leave(workspace, embedding, laid, alone=True))
    return embedding


def _with_features(
    workspace: Path, arguments: Mapping[str, Any], report: Report
) -> tuple[list[dict[str, Any]], list[Source]]:
    """Run the passes that are lacking -> what `predict.finish` takes of them, and the sources of all subjects."""
    lacking = [
        s for s in arguments["subjects"] if not feature_path(workspace / PASSES / s["pass_id"], s["tap"]).exists()
    ]
    for number, subject in enumerate(lacking):
        run_pass(workspace, arguments["dataset"], subject, part(report, number, len(lacking)))
    runs = _runs(workspace, arguments)
    name = layout.read_record(workspace / predict.DATASETS / arguments["dataset"]).name
    return runs, [_source(workspace, arguments["dataset"], name, s) for s in arguments["subjects"]]


def _runs(workspace: Path, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [run for s in arguments["subjects"] if (run := run_of(workspace, s["pass_id"]))]


def _source(workspace: Path, dataset_id: str, dataset_name: str, subject: Mapping[str, Any]) -> Source:
    what = f"{subject['model']} over '{dataset_name}'"
    samples, width = features_of(workspace, subject["pass_id"], subject["tap"], what).shape
    return Source(
        pass_id=subject["pass_id"],
        model_id=subject["model_id"],
        model_name=subject["model"],
        dataset_id=dataset_id,
        dataset_name=dataset_name,
        condition=subject["condition"],
        tap=subject["tap"],
        samples=samples,
        width=width,
    )


def _embedding(found: str, source: Source, arguments: Mapping[str, Any], laid: Laid, seconds: float) -> Embedding:
    return Embedding(
        embedding_id=found,
        pass_id=source.pass_id,
        model_id=source.model_id,
        model_name=source.model_name,
        dataset_id=source.dataset_id,
        dataset_name=source.dataset_name,
        condition=source.condition,
        tap=source.tap,
        method=arguments["method"],
        params=dict(arguments["params"]),
        dims=arguments["dims"],
        seed=arguments["seed"],
        samples=source.samples,
        fitted=laid.fitted,
        placing=laid.placing,
        axes=tuple(laid.axes),
        remarks=tuple(laid.remarks),
        seconds=seconds,
        device=describe("cpu"),
        computed_at=datetime.now(UTC),
        group=arguments["group"],
    )
