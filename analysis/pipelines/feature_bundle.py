"""Features that come with Cutaway, so that the Embeddings and Geometry pages are full at the first visit.

    python -m analysis.pipelines.feature_bundle [--workspace FOLDER]

makes them anew in assets/features: shapes-test.json with the records of models, passes and embeddings; beside it
`passes/` and `embeddings/` with the very files that a workspace holds, and `geometry/` with what was measured
(`geometry_packed`). They are about the generated images that come with the first sweep (`bundling.shapes_test`), a
network and two pruned ones: one as good as it, one that has lost half. Whoever gives a measure another version makes
them anew: what was measured by another version is not taken in.
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
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.embeddings import Embedding
from analysis.measurements import Measurement
from analysis.passes.files import write_whole
from analysis.passes.zeros import zeros_path
from analysis.pipelines import bundling
from analysis.pipelines.embedding_files import RECORD
from analysis.pipelines.geometry_packed import pack, unpack
from analysis.pipelines.predict import PASSES, record_from_json, record_to_json
from analysis.records import ModelRecord, PassRecord
from analysis.types import Report, silent
from models.assets import ASSETS

if TYPE_CHECKING:
    import numpy as np

    from analysis.store.store import Store

FOLDER = ASSETS / "features"
EMBEDDINGS, GEOMETRY = "embeddings", "geometry"
MODELS = ("shapes-cnn", "shapes-cnn-lrr-80", "shapes-cnn-global-magnitude-95")
METHODS = ("pca", "umap")
NOTES = ("run.json", RECORD, "*.part")
"""What jobs leave for themselves."""


def waits_for_images(store: Store, folder: Path = FOLDER) -> bool:
    """Whether its images must be generated first: they are not here, and their name is free."""
    name = bundling.shapes_test()["name"]
    known = store.datasets()
    return _record(folder).is_file() and not any(d.name == name or d.dataset_id == _about(folder) for d in known)


def prepare() -> None:
    """Import what `take_in` needs, a second or so, while another process makes the images."""
    from analysis.geometry import MEASURES  # noqa: F401
    from analysis.projections import PROJECTIONS  # noqa: F401


def take_in(store: Store, workspace: Path, report: Report = silent, folder: Path = FOLDER) -> list[str]:
    """Take what the store lacks of what is bundled; the ids of passes and embeddings that it, or numbers of it, took.

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
    steps = [
        *((f"the features of {p.model_name}", partial(_take_pass, store, workspace, p, folder)) for p in passes),
        ("the geometry of the features", partial(_take_geometry, store, [p.pass_id for p in passes], folder)),
        *(
            (f"{PROJECTIONS[e.method].label} of {e.model_name}", partial(_take_embedding, store, workspace, e, folder))
            for e in embeddings
        ),
    ]
    taken = []
    for number, (what, take) in enumerate(steps):
        report(number / len(steps), f"taking in {what}")
        taken += take()
    return list(dict.fromkeys(taken))


def _take_pass(store: Store, workspace: Path, record: PassRecord, folder: Path) -> list[str]:
    place = workspace / PASSES / record.pass_id
    if store.pass_record(record.pass_id) is not None:
        _take_zeros(folder / PASSES / record.pass_id, place)
        return []
    if not place.exists():  # a pass that is under way goes on where it is
        with _copied(folder / PASSES / record.pass_id, workspace / PASSES) as copy:
            copy.replace(place)
    store.save_pass(record, sorted((folder / PASSES / record.pass_id).glob("*.parquet")))
    return [record.pass_id]


def _take_zeros(theirs: Path, place: Path) -> None:
    """What was counted in maps, beside a pass that was run or taken before anybody counted."""
    counted, ours = zeros_path(theirs), zeros_path(place)
    if not counted.is_file() or not place.is_dir() or ours.exists():
        return

    def write(path: Path) -> None:
        shutil.copyfile(counted, path)

    write_whole(ours, write)


def _take_geometry(store: Store, pass_ids: Sequence[str], folder: Path) -> list[str]:
    """What the store lacks of the numbers, pass by pass: a page sees all of a pass or nothing."""
    there = {_said_by(n) for n in store.geometry.numbers(pass_ids)}
    lacking = [(n, arrays) for n, arrays in unpack(folder / GEOMETRY) if _said_by(n) not in there]
    if not lacking:
        return []
    taken: dict[str, list[tuple[Measurement, dict[str, np.ndarray]]]] = {}
    for number, arrays in lacking:
        if _is_current(number):
            taken.setdefault(number.pass_id, []).append((number, arrays))
    for found in taken.values():
        store.geometry.save([n for n, _ in found], {_key(n): arrays for n, arrays in found if arrays})
    return list(taken)


def _is_current(number: Measurement) -> bool:
    """Whether its measure would say the same today."""
    from analysis.geometry import MEASURES

    if number.measure not in MEASURES:
        return False
    measure = MEASURES[number.measure]
    return number.version == measure.version and dict(number.params) == measure.bound()


def _said_by(number: Measurement) -> tuple[object, ...]:
    return number.pass_id, number.measure, number.version, *_key(number)


def _key(number: Measurement) -> tuple[str, ...]:
    """As the store takes arrays by."""
    other = (number.other_pass, number.other_tap) if number.other_pass else ()
    return (number.tap, number.measure, *other)


def _take_embedding(store: Store, workspace: Path, embedding: Embedding, folder: Path) -> list[str]:
    if store.embeddings.one(embedding.embedding_id) is not None:
        return []
    with _copied(folder / EMBEDDINGS / embedding.embedding_id, workspace / EMBEDDINGS) as copy:
        (copy / RECORD).write_text(json.dumps(embedding.to_json()), encoding="utf-8")
        store.embeddings.save(embedding, copy)
    return [embedding.embedding_id]


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
    from analysis.pipelines import embedding, geometry
    from analysis.pipelines.embedding_here import made_here
    from analysis.pipelines.work import run_here
    from analysis.store import Store

    with Store.open(workspace) as store:
        dataset_id = run_here(store, workspace, "generate", bundling.shapes_test(), report)["dataset_id"]
        measured = geometry.asked(store, workspace, models=MODELS, dataset_id=dataset_id)
        run_here(store, workspace, "geometry", measured, report)  # first, so that embeddings are of the same passes
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
    pack(store, [p.pass_id for p in passes], folder / GEOMETRY)
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
