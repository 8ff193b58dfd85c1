"""Workspaces of any size for the Embeddings page, made without training a network or running one.

    python -m tests.embeddings_workspace FOLDER [--samples 50000] [--classes 10] [--models 2] [--no-pictures]
    CUTAWAY_WORKSPACE=FOLDER cutaway run --headless --port 8601

Classes lie in groups in the features, as those of real networks do. One label in a hundred is wrong, one sample in a
thousand belongs nowhere. The second model sees what the first sees, turned and with more noise; and so on. Its logits
are those of a linear head of its own, so that all columns of a pass hold together. Images are 8 x 8 pixels in their
class's colour.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from analysis.datasets import layout
from analysis.embeddings import Embedding
from analysis.passes.collectors import Seen
from analysis.passes.features import feature_path
from analysis.passes.geometry import LinearHead
from analysis.passes.parts import write_part
from analysis.passes.predictions import columns
from analysis.passes.result import part_paths
from analysis.records import DatasetRecord, ModelRecord, PassRecord
from analysis.store import Store
from analysis.store.keys import digest

SIDE, TAP, BLOCK = 8, "penultimate", 8192
WRONG_LABELS, STRANGERS = 0.01, 0.001
WHEN = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Made:
    """What a workspace was filled with."""

    workspace: Path
    dataset: DatasetRecord
    passes: tuple[PassRecord, ...]  # a model each, "net", "net-50", "net-80" ...
    embeddings: tuple[Embedding, ...]  # PCA of each, where wished


def made(
    folder: Path,
    samples: int = 2000,
    classes: int = 10,
    width: int = 64,
    models: int = 2,
    *,
    seed: int = 0,
    pictures: bool = True,
) -> Made:
    """Fill the workspace `folder`: a dataset, a pass a model with its features, and PCA of each with `pictures`."""
    rng = np.random.default_rng(seed)
    really = rng.integers(0, classes, samples)
    labels = np.where(rng.random(samples) < WRONG_LABELS, rng.integers(0, classes, samples), really)
    centres = _centres(rng, classes, width)
    features = centres[really] + rng.standard_normal((samples, width), np.float32)
    strangers = rng.random(samples) < STRANGERS
    features[strangers] = 3 * rng.standard_normal((int(strangers.sum()), width), np.float32)
    with Store.open(folder) as store:
        dataset = _dataset(store, folder, labels, really, classes, seed)
        passes = []
        for number in range(models):
            turn = np.linalg.qr(rng.standard_normal((width, width)))[0].astype(np.float32) if number else np.eye(width)
            noise = 0.6 * number * rng.standard_normal((samples, width), np.float32)
            seen = ((features + noise) @ turn).astype(np.float32)
            passes.append(_pass(store, folder, dataset, number, seen, centres @ turn, labels))
        embeddings = _laid(store, folder, dataset) if pictures else ()
    return Made(folder, dataset, tuple(passes), embeddings)


def _centres(rng: np.random.Generator, classes: int, width: int) -> np.ndarray:
    """(classes, width) float32: groups of classes, and classes in each."""
    groups = max(2, round(classes**0.5))
    far = 1.1 * rng.standard_normal((groups, width), np.float32)
    return far[np.arange(classes) % groups] + 0.42 * rng.standard_normal((classes, width), np.float32)


def _dataset(
    store: Store, workspace: Path, labels: np.ndarray, really: np.ndarray, classes: int, seed: int
) -> DatasetRecord:
    """Written in its packed form: the writer for imports looks at each image, which a million would take minutes."""
    size = len(labels)
    dataset_id = digest(made_up=[size, classes, seed])
    folder = workspace / "datasets" / dataset_id
    folder.mkdir(parents=True, exist_ok=True)
    brightness = _write_pixels(folder / layout.PIXELS, really, classes, seed)
    nothing = np.zeros(size, np.int64)
    table = {
        "sample": np.arange(size, dtype=np.int32),
        "name": [f"{i:07d}" for i in range(size)],
        "label": labels.astype(np.int32),
        "width_px": np.full(size, SIDE, np.int32),
        "height_px": np.full(size, SIDE, np.int32),
        "condition": pa.DictionaryArray.from_arrays(nothing.astype(np.int32), [""]).cast(pa.string()),
        "digest": [f"{dataset_id[:32]}{i:032x}" for i in range(size)],
        "format": pa.DictionaryArray.from_arrays(nothing.astype(np.int32), ["array"]).cast(pa.string()),
        "brightness": brightness,
        "_row": np.arange(size, dtype=np.int64),
        "_offset": nothing,
        "_length": nothing,
        "_mask_offset": nothing,
        "_mask_length": nothing,
    }
    parquet.write_table(pa.table(table), folder / layout.SAMPLES, compression="zstd")
    record = DatasetRecord(
        dataset_id=dataset_id,
        name=f"made-up-{size}-{classes}",
        kind="arrays",
        source="made up",
        class_names=tuple(f"class {i:0{len(str(classes - 1))}d}" for i in range(classes)),
        size=size,
        labelled=size,
        formats={"array": size},
        image_sizes={f"{SIDE} x {SIDE}": size},
        size_bytes=sum(p.stat().st_size for p in folder.iterdir()),
        added_at=WHEN,
    )
    (folder / layout.RECORD).write_text(json.dumps(layout.record_to_json(record)), encoding="utf-8")
    store.save_dataset(record, folder / layout.SAMPLES)
    return record


def _write_pixels(path: Path, classes_of: np.ndarray, classes: int, seed: int) -> np.ndarray:
    """Write (N, 8, 8, 3) uint8; the mean brightness of each image, (N,) float32."""
    rng = np.random.default_rng([seed, 1])
    tints = rng.integers(40, 216, (classes, 3))
    shapes = rng.random((classes, SIDE, SIDE, 1)) < 0.5
    pixels = np.lib.format.open_memmap(path, "w+", np.uint8, (len(classes_of), SIDE, SIDE, 3), version=(1, 0))
    bright = np.empty(len(classes_of), np.float32)
    for start in range(0, len(classes_of), BLOCK):
        of = classes_of[start : start + BLOCK]
        noise = rng.integers(-40, 40, (len(of), SIDE, SIDE, 3))
        block = np.clip(tints[of][:, None, None] * np.where(shapes[of], 1.0, 0.5) + noise, 0, 255).astype(np.uint8)
        pixels[start : start + BLOCK] = block
        bright[start : start + BLOCK] = block.mean(axis=(1, 2, 3))
    pixels.flush()
    return bright


def _pass(
    store: Store,
    workspace: Path,
    dataset: DatasetRecord,
    number: int,
    features: np.ndarray,
    centres: np.ndarray,
    labels: np.ndarray,
) -> PassRecord:
    """Keep what a head that knows the centres says of features (N, D)."""
    name = f"net-{min(50 + 30 * (number - 1), 95)}" if number else "net"
    model_id = hashlib.sha256(name.encode()).hexdigest()
    pass_id = digest(model=model_id, dataset=dataset.dataset_id, width=features.shape[1])
    folder = workspace / "passes" / pass_id
    folder.mkdir(parents=True, exist_ok=True)
    np.save(feature_path(folder, TAP), features)
    head = LinearHead(0.3 * centres.astype(np.float64), -0.15 * np.square(centres.astype(np.float64)).sum(axis=1))
    parts = correct = 0
    for start in range(0, dataset.size, BLOCK):
        here = features[start : start + BLOCK]
        within = range(start, start + len(here))
        logits = head.logits(here).astype(np.float32)
        found, tally = columns(
            Seen(parts, within, labels[start : start + BLOCK].astype(np.int64), logits, {TAP: here}, head)
        )
        write_part(folder, parts, found, tally)
        parts, correct = parts + 1, correct + tally.correct
    record = PassRecord(
        pass_id=pass_id,
        model_id=model_id,
        model_name=name,
        class_names=dataset.class_names,
        dataset_id=dataset.dataset_id,
        dataset_name=dataset.name,
        condition="clean",
        class_map=tuple(range(len(dataset.class_names))),
        samples=dataset.size,
        accuracy=correct / dataset.size,
        taps=(TAP,),
        linear_head=True,
        params={"batch": BLOCK, "autocast": False},
        remarks=(),
        seconds=1.0,
        device="cpu",
        computed_at=WHEN.replace(hour=23 - number),
    )
    store.save_model(ModelRecord(model_id, name, "made up", "imported", 270_000, WHEN))
    store.save_pass(record, part_paths(folder, parts))
    return record


def _laid(store: Store, workspace: Path, dataset: DatasetRecord) -> tuple[Embedding, ...]:
    from analysis.pipelines import embedding

    sources = embedding.sources(store, workspace, dataset.dataset_id)
    return tuple(embedding.quick(store, workspace, source, "pca", {}, 2, 0) for source in sources)


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="a workspace for the Embeddings page")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=50_000)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--models", type=int, default=2)
    parser.add_argument("--no-pictures", action="store_true")
    given = parser.parse_args(words)
    found = made(given.folder, given.samples, given.classes, given.width, given.models, pictures=not given.no_pictures)
    for each in found.passes:
        sys.stdout.write(f"{each.model_name}: {each.accuracy:.1%} of {each.samples:,} in {found.dataset.name}\n")


if __name__ == "__main__":
    main()
