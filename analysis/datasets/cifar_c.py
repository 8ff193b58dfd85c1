"""The layout of CIFAR-10-C and CIFAR-100-C (Hendrycks and Dietterich 2019): a folder of `labels.npy` and an array
for each corruption, its rows the test images at severity 1, then at severity 2, ... 5.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.datasets.arrangement import CORRUPTIONS
from analysis.datasets.array_files import read_labels
from analysis.datasets.array_forms import image_converter, labels_of
from analysis.datasets.npy_streams import NpyStream, npy_streams
from analysis.datasets.packing import DatasetWriter
from analysis.datasets.taking import Steps
from analysis.datasets.torchvision_names import CIFAR10
from analysis.errors import DataError
from analysis.records import DatasetRecord
from analysis.types import Report

_SEVERITIES = 5
_LABELS = "labels.npy"


def is_cifar_c(source: Path) -> bool:
    """A folder with labels.npy and other arrays, or one array named like a corruption beside labels.npy."""
    if source.is_dir():
        return (source / _LABELS).is_file() and any(p.name != _LABELS for p in source.glob("*.npy"))
    return source.suffix == ".npy" and source.stem in CORRUPTIONS and source.with_name(_LABELS).is_file()


def import_cifar_c(source: Path, writer: DatasetWriter, *, labels: Path | None, report: Report) -> DatasetRecord:
    """Every corruption of the folder, with conditions "gaussian_noise/3". DataError where rows and labels differ."""
    folder = source if source.is_dir() else source.parent
    paths = sorted(p for p in folder.glob("*.npy") if p.name != _LABELS) if source.is_dir() else [source]
    streams = [next(iter(npy_streams(p).values())) for p in paths]
    given = read_labels(labels or folder / _LABELS)
    if writer.class_names is None and _like_cifar10(streams, given):
        writer.class_names = CIFAR10
        writer.remark("Labels 0 to 9 of 32 x 32 images: the class names are those of CIFAR-10.")
    total, steps = sum(s.shape[0] for s in streams), Steps(report)
    for stream in streams:
        _write(stream, given, writer, steps, total, len(streams) > 1)
    return writer.finish()


def _write(
    stream: NpyStream, given: np.ndarray, writer: DatasetWriter, steps: Steps, total: int, several: bool
) -> None:
    rows = _rows_a_severity(stream, given)
    count = stream.shape[0]
    plain = stream.path.stem if several or stream.path.stem in CORRUPTIONS else ""
    tiled = given if len(given) == count else np.tile(given, count // max(len(given), 1))
    classes = None if writer.class_names is None else len(writer.class_names)
    labels: Any = labels_of(tiled, count, classes, _LABELS)[0]
    convert, remarks = image_converter(stream)
    for remark in remarks:
        writer.remark(f"{stream.path.stem}: {remark}")
    first = 0
    for block in stream.blocks():
        last, done = first + len(block), 0
        while done < len(block):  # a block may go over the end of a severity
            severity, row = divmod(first + done, rows)
            part = block[done : done + rows - row]
            condition = plain if rows == count else f"{stream.path.stem}/{severity + 1}"
            names = [f"{condition}/{row + i:05d}".lstrip("/") for i in range(len(part))]
            chosen = labels[first + done : first + done + len(part)]
            writer.add_arrays(convert(part), chosen, names=names, condition=condition)
            done += len(part)
        steps(len(writer) / total, f"{stream.path.stem}: {len(writer):,} of {total:,} images")
        first = last


def _rows_a_severity(stream: NpyStream, labels: np.ndarray) -> int:
    """Images of one severity; all of them where the array has no five equal parts."""
    count = stream.shape[0] if stream.shape else 0
    if len(labels) * _SEVERITIES == count:
        return len(labels)
    if len(labels) != count or not count:
        raise DataError(
            f"'{stream.path.name}' has shape {stream.shape}, but {_LABELS} has {len(labels):,} labels. Expected are as "
            "many rows as labels, or five times as many (severity 1 to 5)."
        )
    parts = labels.reshape(_SEVERITIES, -1) if count % _SEVERITIES == 0 else None
    repeated = parts is not None and (parts == parts[0]).all() and len(np.unique(labels)) > 1
    return count // _SEVERITIES if repeated else count


def _like_cifar10(streams: Sequence[NpyStream], labels: np.ndarray) -> bool:
    known = all(s.path.stem in CORRUPTIONS and s.shape[1:] == (32, 32, 3) for s in streams)
    return known and labels.dtype.kind in "iu" and set(np.unique(labels).tolist()) == set(range(10))
