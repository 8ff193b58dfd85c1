"""A small dataset of three colours in a workspace, for the tests of embeddings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from analysis.datasets.importing import import_dataset
from analysis.datasets.layout import SAMPLES
from analysis.datasets.opened import OpenDataset
from analysis.store import Store

MODEL = "resnet20-cifar10"
CLASSES = ("cat", "ship", "frog")


def dataset_in(
    workspace: Path, store: Store, size: int = 60, *, labelled: bool = True, classes: Sequence[str] = CLASSES, seed=0
) -> OpenDataset:
    """Images of 32 x 32, a colour for each class."""
    rng = np.random.default_rng(seed)
    kinds = np.arange(size) % len(classes)
    pixels = rng.integers(0, 60, (size, 32, 32, 3)) + (180 * kinds // (len(classes) - 1))[:, None, None, None]
    path = workspace / f"colours-{size}-{seed}.npz"
    workspace.mkdir(parents=True, exist_ok=True)
    given = {"x": pixels.astype(np.uint8)} | ({"y": kinds} if labelled else {})
    np.savez(path, **given)
    named = {"class_names": tuple(classes)} if labelled else {}
    record = import_dataset(path, workspace / "datasets", path.stem, **named)
    store.save_dataset(record, workspace / "datasets" / record.dataset_id / SAMPLES)
    return OpenDataset.open(workspace / "datasets" / record.dataset_id)
