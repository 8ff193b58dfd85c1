"""Sweeps that come with Cutaway, so that the Robustness page is full at the first start: numbers without images.

    python -m analysis.pipelines.bundling shapes
    python -m analysis.pipelines.bundling cifar --data cifar10_test_first1000_lossless.npz

makes them anew in assets/sweeps: a record with its cells as JSON, and Parquet with a row a sample of each cell, at a
byte a number (`store.packed_rows`). What a cell came to (`Cell.scores`) was computed before that.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.pipelines.family import CIFAR, FAMILY, SHAPES
from analysis.store.packed_rows import Scales, packed
from analysis.sweeps import Cell, SweepRecord
from analysis.types import Report, silent
from models.assets import ASSETS

if TYPE_CHECKING:
    from analysis.store.store import Store

FOLDER = ASSETS / "sweeps"


@dataclass(frozen=True, slots=True)
class Bundled:
    """One sweep: what is asked of `pipelines.sweep`."""

    name: str
    models: tuple[str, ...]  # the first is the one that others are compared with
    deck: tuple[str, ...]
    images: int


SHAPES_TEST: Mapping[str, Any] = {"count": 1000, "split": "test"}
"""The generator's knobs for the images of the first sweep, which are made at the first start."""

_SOME = ("random-80", "layer-magnitude-80", "global-magnitude-80", "global-magnitude-95", "snip-80", "fisher-80")
_TRAINED = ("magnitude-tuned-80", "lrr-50", "lrr-80", "lrr-95", "gmp-95", "lth-80", "edge-popup-50", "biprop-50")

BUNDLED: Mapping[str, Bundled] = {
    "shapes": Bundled(
        "Shapes, 1,000 test images",
        (SHAPES, *(n for n, v in FAMILY.items() if v.base == SHAPES), "shapes-cnn-robust", "shapes-cnn-shortcut"),
        tuple(f"{SHAPES}-lrr-{n}" for n in (50, 80, 95)),
        1000,
    ),
    "cifar": Bundled(
        "CIFAR-10, 500 test images",
        (CIFAR, *(f"{CIFAR}-{which}" for which in (*_SOME, *_TRAINED, "structured-50"))),
        tuple(f"{CIFAR}-lrr-{n}" for n in (50, 80, 95)),
        500,
    ),
}


def take_in(store: Store, folder: Path = FOLDER, report: Report = silent) -> list[SweepRecord]:
    """Take the bundled sweeps that the store lacks; those that it took."""
    found = sorted(folder.glob("*.json")) if folder.is_dir() else []
    taken = []
    for number, path in enumerate(found):
        report(number / len(found), f"taking in {path.stem}")
        record, cells, scales = _read(path)
        if store.sweeps.one(record.sweep_id) is None:
            rows, samples = path.with_suffix(".parquet"), path.with_name(f"{path.stem}-samples.parquet")
            store.sweeps.take(record, cells, samples, rows, scales)
            taken.append(record)
    return taken


def write(store: Store, sweep: SweepRecord, path: Path) -> None:
    """Make the files of a sweep: `path` (JSON) and, beside it, two of Parquet. Every cell must be there."""
    import pyarrow as pa
    from pyarrow import parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    samples, truth = store.sweeps.truth(sweep.sweep_id)
    given = {n: list(range(len(c))) for n, c in (("members", sweep.members), ("conditions", sweep.conditions))}
    names = ["prediction", "correct", "confidence", "loss", "angle", "length", "margin"]
    values = store.sweeps.values(sweep.sweep_id, names, **given)
    codes, scales = packed(values)
    shape = values["loss"].shape
    axes = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    columns = {
        "member": axes[0].astype(np.uint8),
        "condition": axes[1].astype(np.uint8),
        "sample": np.broadcast_to(samples, shape).astype(np.uint16),
        "truth": np.broadcast_to(truth, shape).astype(np.uint8),
        **codes,
    }
    order = (1, 0, 2)  # by condition, as computed sweeps lie
    table = pa.table({n: np.ascontiguousarray(c.transpose(order)).ravel() for n, c in columns.items()})
    parquet.write_table(
        table,
        path.with_suffix(".parquet"),
        compression="zstd",
        compression_level=19,
        row_group_size=1 << 20,
    )
    parquet.write_table(
        pa.table({"sample": samples.astype(np.uint16), "truth": truth.astype(np.uint8)}),
        path.with_name(f"{path.stem}-samples.parquet"),
        compression="zstd",
    )
    cells = [replace(cell, seconds=round(cell.seconds, 3)).to_json() for cell in store.sweeps.cells(sweep.sweep_id)]
    text = json.dumps({"record": sweep.to_json(), "scales": scales, "cells": cells}, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


def _read(path: Path) -> tuple[SweepRecord, list[Cell], Scales]:
    found = json.loads(path.read_text("utf-8"))
    return SweepRecord.from_json(found["record"]), [Cell.from_json(c) for c in found["cells"]], found["scales"]


def make(
    name: str,
    workspace: Path,
    data: Path | None,
    corruptions: Sequence[str] = ("all",),
    report: Report = silent,
    folder: Path = FOLDER,
) -> None:
    """Compute a bundled sweep in a workspace (or go on with it) and write its files.

    data: for "cifar", an array file of images that Cutaway can import; `Bundled.images` of them are taken.
    """
    from analysis.pipelines import sweep
    from analysis.pipelines.work import run_here
    from analysis.store import Store
    from models.catalogue import load

    wanted = BUNDLED[name]
    with Store.open(workspace) as store:
        if name == "shapes":
            made = run_here(store, workspace, "generate", shapes_test(), report)
        else:
            classes = list(load(wanted.models[0]).class_names)
            made = run_here(
                store,
                workspace,
                "import",
                {"source": str(data), "name": "cifar10-test", "class_names": classes},
                report,
            )
        arguments = sweep.asked(
            store,
            workspace,
            models=wanted.models,
            dataset=made["dataset_id"],
            corruptions=corruptions,
            limit=wanted.images,
            reference=wanted.models[0],
            decks=[{"name": "deck of lrr 50, 80, 95", "members": list(wanted.deck), "gate": "mean"}],
            name=wanted.name,
        )
        done = run_here(store, workspace, "sweep", arguments, report)
        record = store.sweeps.one(done["sweep_id"])
        assert record is not None
        write(store, replace(record, source="bundled", name=wanted.name), folder / f"{name}.json")


def shapes_test() -> dict[str, Any]:
    """The arguments of the job "generate" that makes the images of the Shapes sweep."""
    return {"kind": "shapes", "name": "shapes-test", "params": dict(SHAPES_TEST)}


def main(words: Sequence[str] | None = None) -> None:
    import argparse

    parser = argparse.ArgumentParser(description="Compute the sweeps that come with Cutaway.")
    parser.add_argument("names", nargs="+", choices=list(BUNDLED))
    parser.add_argument("--data", type=Path, help="the CIFAR-10 test images, as an .npz")
    parser.add_argument("--workspace", type=Path, default=Path("sweeps-workspace"))
    given = parser.parse_args(words)
    for name in given.names:
        make(name, given.workspace, given.data, report=_said)


def _said(fraction: float, text: str) -> None:
    sys.stderr.write(f"{fraction:.1%} {text}\n")


if __name__ == "__main__":
    main()
