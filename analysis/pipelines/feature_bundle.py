"""Features and pictures of them that come with Cutaway, so that the Embeddings page is full at the first visit.

    python -m analysis.pipelines.feature_bundle [--workspace FOLDER]

makes them anew in assets/features: shapes-test.json with the records of models, passes and embeddings, and beside it
`passes/` and `embeddings/` with the very files that a workspace holds. They are about the generated images that come
with the first sweep (`bundling.shapes_test`), a network and two pruned ones: one as good as it, one that has lost half.
"""

from __future__ import annotations

import json
import shutil
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.embeddings import Embedding
from analysis.pipelines import bundling
from analysis.pipelines.embedding_files import RECORD
from analysis.pipelines.predict import PASSES, record_from_json, record_to_json
from analysis.records import ModelRecord, PassRecord
from analysis.types import Report, silent
from models.catalogue import ASSETS

if TYPE_CHECKING:
    from analysis.store.store import Store

FOLDER = ASSETS / "features"
EMBEDDINGS = "embeddings"
MODELS = ("shapes-cnn", "shapes-cnn-lrr-80", "shapes-cnn-global-magnitude-95")
METHODS = ("pca", "umap")
NOTES = ("run.json", RECORD, "*.part")
"""What jobs leave for themselves."""


def waits_for_images(store: Store, folder: Path = FOLDER) -> bool:
    """Whether its images must be generated first: they are not here, and their name is free."""
    name = bundling.shapes_test()["name"]
    known = store.datasets()
    return _record(folder).is_file() and not any(d.name == name or d.dataset_id == _about(folder) for d in known)


def take_in(store: Store, workspace: Path, report: Report = silent, folder: Path = FOLDER) -> list[str]:
    """Take what the store lacks of the bundled passes and embeddings; the ids of what it took.

    Nothing where their images are not here, or came out differently on this machine: their id is another then.
    """
    if not _record(folder).is_file() or _about(folder) not in {d.dataset_id for d in store.datasets()}:
        return []
    from analysis.projections import PROJECTIONS

    found = json.loads(_record(folder).read_text("utf-8"))
    for model in found["models"]:
        store.save_model(ModelRecord(**model | {"added_at": datetime.fromisoformat(model["added_at"])}))
    passes = [record_from_json(p) for p in found["passes"]]
    embeddings = [Embedding.from_json(e) for e in found["embeddings"]]
    taken = []
    for number, record in enumerate(passes):
        report(number / (len(passes) + len(embeddings)), f"taking in the features of {record.model_name}")
        if store.pass_record(record.pass_id) is None:
            _take_pass(store, workspace, record, folder)
            taken.append(record.pass_id)
    for number, embedding in enumerate(embeddings, len(passes)):
        report(
            number / (len(passes) + len(embeddings)),
            f"taking in {PROJECTIONS[embedding.method].label} of {embedding.model_name}",
        )
        if store.embeddings.one(embedding.embedding_id) is None:
            with _copied(folder / EMBEDDINGS / embedding.embedding_id, workspace / EMBEDDINGS) as copy:
                (copy / RECORD).write_text(json.dumps(embedding.to_json()), encoding="utf-8")
                store.embeddings.save(embedding, copy)
            taken.append(embedding.embedding_id)
    return taken


def _take_pass(store: Store, workspace: Path, record: PassRecord, folder: Path) -> None:
    place = workspace / PASSES / record.pass_id
    if not place.exists():  # a pass that is under way goes on where it is
        with _copied(folder / PASSES / record.pass_id, workspace / PASSES) as copy:
            copy.replace(place)
    store.save_pass(record, sorted((folder / PASSES / record.pass_id).glob("*.parquet")))


@contextmanager
def _copied(folder: Path, beside: Path) -> Iterator[Path]:
    """A copy on the disk of the place where it will go, so that it is there whole or not at all."""
    copy = beside / f".{uuid.uuid4().hex}.part"
    try:
        yield Path(shutil.copytree(folder, copy))
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _record(folder: Path) -> Path:
    return folder / f"{bundling.shapes_test()['name']}.json"


def _about(folder: Path) -> str:
    """The id of the images that all is about."""
    return json.loads(_record(folder).read_text("utf-8"))["dataset_id"]


# ---------------------------------------------------------------------------------------------------------- making them


def make(workspace: Path, report: Report = silent, folder: Path = FOLDER, methods: Sequence[str] = METHODS) -> None:
    """Compute them in a workspace (or read them back) and write them to `folder`, whose contents go."""
    from analysis.pipelines import embedding
    from analysis.pipelines.embedding_here import made_here
    from analysis.pipelines.work import run_here
    from analysis.store import Store

    with Store.open(workspace) as store:
        dataset_id = run_here(store, workspace, "generate", bundling.shapes_test(), report)["dataset_id"]
        made = []
        for model in MODELS:
            for method in methods:
                report(len(made) / (len(MODELS) * len(methods)), f"{method} of {model}")
                asked = embedding.asked(store, workspace, model=model, dataset_id=dataset_id, method=method)
                made += made_here(store, workspace, asked)
        _write(store, workspace, dataset_id, made, folder)


def _write(store: Store, workspace: Path, dataset_id: str, embeddings: Sequence[Embedding], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    passes = [p for p in store.passes(dataset_id) if p.pass_id in {e.pass_id for e in embeddings}]
    for name, ids in ((PASSES, [p.pass_id for p in passes]), (EMBEDDINGS, [e.embedding_id for e in embeddings])):
        for each in ids:
            shutil.copytree(workspace / name / each, folder / name / each, ignore=shutil.ignore_patterns(*NOTES))
    models = [m for m in store.models() if m.model_id in {p.model_id for p in passes}]
    record = {
        "dataset_id": dataset_id,
        "models": [asdict(m) | {"added_at": m.added_at.isoformat()} for m in models],
        "passes": [record_to_json(p) for p in passes],
        "embeddings": [e.to_json() for e in embeddings],
    }
    _record(folder).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def main(words: Sequence[str] | None = None) -> None:
    import argparse

    parser = argparse.ArgumentParser(description="Compute the features that come with Cutaway.")
    parser.add_argument("--workspace", type=Path, default=Path("features-workspace"))
    make(parser.parse_args(words).workspace, _said)


def _said(fraction: float, text: str) -> None:
    sys.stderr.write(f"{fraction:.1%} {text}\n")


if __name__ == "__main__":
    main()
