"""A workspace with a small dataset and what two models said of it, known by heart.

60 images in turn of a cat, a dog and a cow; neither model knows cows. Model `first` takes every second dog for a cat;
`second` is right about all. Confidence of `first` rises with the sample from 0.4 to just below 1.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.datasets.packing import DatasetWriter
from analysis.records import DatasetRecord, PassRecord
from analysis.store import Store

CLASSES, KNOWN = ("cat", "dog", "cow"), ("cat", "dog")
CLASS_MAP = (0, 1, -1)
SIZE = 60
LABELS = np.arange(SIZE) % 3
CAT, DOG, COW = range(3)
FIRST = np.where(LABELS == DOG, np.arange(SIZE) // 3 % 2, 0)  # of every two dogs the first is called a cat
SECOND = np.where(LABELS == DOG, 1, 0)
CONFIDENCE = 0.4 + np.arange(SIZE) / 101


def fill(workspace: Path) -> tuple[DatasetRecord, PassRecord, PassRecord]:
    """Keep all of it; the first model's pass is the later one, so that pages show it first."""
    with Store.open(workspace) as store:
        dataset = _dataset(store, workspace)
        first = _ran(store, workspace, dataset, "first", FIRST, datetime(2026, 1, 2, tzinfo=UTC))
        second = _ran(store, workspace, dataset, "second", SECOND, datetime(2026, 1, 1, tzinfo=UTC))
    return dataset, first, second


def _dataset(store: Store, workspace: Path) -> DatasetRecord:
    images = np.random.default_rng(0).integers(0, 256, (SIZE, 8, 8, 3), np.uint8)
    masks = np.zeros((SIZE, 8, 8), bool)
    masks[:, 2:6, 2:6] = True
    folder = workspace / "datasets"
    with DatasetWriter(folder, name="animals", kind="arrays", source="animals.npz", class_names=CLASSES) as writer:
        writer.add_arrays(images, LABELS, masks=masks)
        record = writer.finish()
    store.save_dataset(record, folder / record.dataset_id / "samples.parquet")
    return record


def _ran(
    store: Store, workspace: Path, dataset: DatasetRecord, name: str, said: np.ndarray, when: datetime
) -> PassRecord:
    known = LABELS != COW
    right = said == LABELS
    shares = np.stack([CONFIDENCE, 1 - CONFIDENCE], axis=1).astype(np.float32)
    table = pa.table(
        {
            "sample": pa.array(np.arange(SIZE, dtype=np.int32)),
            "truth": pa.array(LABELS.astype(np.int32), mask=~known),
            "prediction": pa.array(said.astype(np.int32)),
            "confidence": pa.array(CONFIDENCE.astype(np.float32)),
            "correct": pa.array(right, mask=~known),
            "loss": pa.array((1 - CONFIDENCE).astype(np.float32), mask=~known),
            "angle": pa.array(np.full(SIZE, 0.5, np.float32)),
            "length": pa.array(np.full(SIZE, 3.0, np.float32)),
            "margin": pa.array(shares[:, 0] - shares[:, 1]),
            "top_classes": pa.array([[int(c), 1 - int(c)] for c in said], pa.list_(pa.int32())),
            "top_probabilities": pa.array(shares.tolist(), pa.list_(pa.float32())),
        }
    )
    part = workspace / f"{name}.parquet"
    pq.write_table(table, part)
    record = PassRecord(
        pass_id=(name * 64)[:64].encode().hex()[:64],
        model_id=name,
        model_name=name,
        class_names=KNOWN,
        dataset_id=dataset.dataset_id,
        dataset_name=dataset.name,
        condition="clean",
        class_map=CLASS_MAP,
        samples=SIZE,
        accuracy=float(right[known].mean()),
        taps=(),
        linear_head=True,
        params={"batch": 64},
        remarks=(),
        seconds=1.0,
        device="cpu",
        computed_at=when,
    )
    store.save_pass(record, [part])
    return record
