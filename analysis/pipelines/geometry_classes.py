"""By which classes the geometry of a pass is told: the network's own, or the dataset's where it names none of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.records import UNLABELLED, PassRecord


def foreign(record: PassRecord) -> bool:
    """Whether the dataset has classes and the network names none of them."""
    return bool(record.class_map) and max(record.class_map) < 0


def class_names(record: PassRecord, of_dataset: Sequence[str]) -> tuple[str, ...]:
    """The network's, else the dataset's."""
    return tuple(of_dataset) if foreign(record) else record.class_names


def labels_of(record: PassRecord, labels: np.ndarray) -> np.ndarray:
    """(N,) classes of the dataset, or UNLABELLED -> (N,) places in `class_names`, or UNLABELLED."""
    if foreign(record):
        return labels.astype(np.int64)
    return np.array([*record.class_map, UNLABELLED], np.int64)[labels]
