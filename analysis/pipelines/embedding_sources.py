"""Features that are on the disk: which passes have them, and where they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.embeddings import Source
from analysis.errors import DataError
from analysis.passes.conditions import CLEAN
from analysis.passes.features import feature_path
from analysis.records import PassRecord

if TYPE_CHECKING:
    from analysis.store.store import Store

PASSES = "passes"
PENULTIMATE = "penultimate"


def sources(store: Store, workspace: Path, dataset_id: str) -> list[Source]:
    """Of all passes over a dataset, the latest first."""
    return [found for record in store.passes(dataset_id) for found in _of(workspace, record, record.taps)]


def source(
    store: Store,
    workspace: Path,
    model_name: str,
    dataset_id: str,
    condition: str = CLEAN.name,
    tap: str = PENULTIMATE,
) -> Source | None:
    """The latest features of a model (its name or fingerprint) at a tap; None where there are none."""
    return source_among(workspace, store.passes(dataset_id), model_name, condition, tap)


def source_among(
    workspace: Path, passes: Sequence[PassRecord], model_name: str, condition: str, tap: str
) -> Source | None:
    """The same among passes over one dataset, the latest first."""
    for record in passes:
        if model_name in (record.model_name, record.model_id) and record.condition == condition:
            for found in _of(workspace, record, [tap] if tap in record.taps else []):
                return found
    return None


def features(workspace: Path, source: Source) -> np.ndarray:
    """(N, D) float32, mapped, not read. DataError where the files are gone."""
    return features_of(workspace, source.pass_id, source.tap, f"{source.model_name} over '{source.dataset_name}'")


def features_of(workspace: Path, pass_id: str, tap: str, what: str) -> np.ndarray:
    """The same of a pass, which `what` names in words."""
    try:
        return np.load(feature_path(workspace / PASSES / pass_id, tap), mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(
            f"The features of {what} at {tap} are not in the workspace any more. Run the model over the dataset "
            f"again, with the layer {tap} kept."
        ) from error


def _of(workspace: Path, record: PassRecord, taps: Sequence[str]) -> Iterator[Source]:
    for tap in taps:
        try:
            shape = np.load(feature_path(workspace / PASSES / record.pass_id, tap), mmap_mode="r").shape
        except (OSError, ValueError):
            continue
        yield Source(
            pass_id=record.pass_id,
            model_id=record.model_id,
            model_name=record.model_name,
            dataset_id=record.dataset_id,
            dataset_name=record.dataset_name,
            condition=record.condition,
            tap=tap,
            samples=shape[0],
            width=shape[1],
        )
