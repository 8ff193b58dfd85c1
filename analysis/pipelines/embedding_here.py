"""Embeddings made and judged in this process, for the command line and for those that come with Cutaway.

A server never calls this: what runs here may be numba, which two threads at once can take the process down with.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.embeddings import Embedding
from analysis.errors import DataError
from analysis.types import Report, part, silent

if TYPE_CHECKING:
    from analysis.store.store import Store


def made_here(
    store: Store, workspace: Path, arguments: Mapping[str, Any], report: Report = silent, **judging: Any
) -> list[Embedding]:
    """What `embedding.asked` checked, computed or read back, with its quality; one for each source.

    judging: how quality is measured, as `embedding_quality.asked` takes it.
    """
    from analysis.pipelines import embedding_quality
    from analysis.pipelines.work import run_here

    ids = arguments["embedding_ids"]
    steps = 1 + len(ids)
    if not all(store.embeddings.has(each) for each in ids):
        run_here(store, workspace, "embed", arguments, part(report, 0, steps))
    for step, each in enumerate(ids, 1):
        found = _one(store, each)
        if found.quality is None:
            run_here(store, workspace, "assess", embedding_quality.asked(found, **judging), part(report, step, steps))
    return [_one(store, each) for each in ids]


def _one(store: Store, embedding_id: str) -> Embedding:
    found = store.embeddings.one(embedding_id)
    if found is None:
        raise DataError("The embedding was deleted while it was being made. Ask for it again.")
    return found
