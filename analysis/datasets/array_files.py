"""`.npz` and `.npy` files of images and labels -> a dataset.

Pairs are found by the names people use: x and y, images and labels, x_train and y_train ... and, where no name says
it, by shape. A lone .npy takes its labels from the file given, or from `labels.npy` beside it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.datasets.array_forms import image_converter, labels_of
from analysis.datasets.npy_streams import NpyStream, npy_streams
from analysis.datasets.packing import DatasetWriter
from analysis.datasets.tables import NO_LABELS
from analysis.datasets.taking import Steps
from analysis.errors import DataError, EmptyDataset
from analysis.records import UNLABELLED, DatasetRecord
from analysis.types import Report
from models import class_lists

_IMAGES = ("x", "images", "image", "data", "imgs", "img", "samples", "pixels", "arr_0", "features", "inputs")
_LABELS = ("y", "labels", "label", "targets", "target", "arr_1", "fine_labels")
_NAMES = ("class_names", "classes", "label_names", "names")
_MASKS = ("masks", "mask")
_SPLIT = re.compile(r"(?:(train|test|val|valid)_?)?(.+?)(?:_(train|test|val|valid))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pair:
    """Images with their labels."""

    images: NpyStream
    labels: np.ndarray | None
    labels_name: str = ""
    masks: NpyStream | None = None
    split: str = ""


def import_arrays(
    source: Path,
    writer: DatasetWriter,
    *,
    image_key: str | None = None,
    label_key: str | None = None,
    labels: Path | None = None,
    report: Report,
) -> DatasetRecord:
    """The images of an .npz or .npy; DataError, before anything is kept, for anything in it that cannot be right."""
    streams = npy_streams(source)
    pairs = _pairs(streams, source, image_key, label_key, labels)
    if not sum(pair.images.shape[0] for pair in pairs):
        raise EmptyDataset(f"'{source.name}' holds arrays of 0 images.")
    names = class_names_in(streams)
    if names is not None and writer.class_names is None:
        writer.class_names = names
    write_pairs(writer, pairs, report)
    return writer.finish()


def write_pairs(writer: DatasetWriter, pairs: Sequence[Pair], report: Report) -> None:
    total = sum(pair.images.shape[0] for pair in pairs)
    steps = Steps(report)
    several = len(pairs) > 1
    for pair in pairs:
        count = pair.images.shape[0]
        convert, remarks = image_converter(pair.images)
        labels: Any = [UNLABELLED] * count
        if pair.labels is not None:
            classes = None if writer.class_names is None else len(writer.class_names)
            labels, said = labels_of(pair.labels, count, classes, pair.labels_name)
            remarks += said
        for remark in remarks:
            writer.remark(f"{pair.split}: {remark}" if several else remark)
        masks = None if pair.masks is None else pair.masks.whole() != 0
        first = 0
        for block in pair.images.blocks():
            last = first + len(block)
            own: dict[str, Any] = {}
            if several:
                own["names"] = [f"{pair.split}/{i:05d}" for i in range(first, last)]
                own["columns"] = {"split": [pair.split] * len(block)}
            found = None if masks is None else masks[first:last]
            writer.add_arrays(convert(block), labels[first:last], masks=found, **own)
            steps(len(writer) / total, f"{len(writer):,} of {total:,} images")
            first = last


def class_names_in(streams: Mapping[str, NpyStream]) -> tuple[str, ...] | None:
    """Class names saved beside the arrays, as texts."""
    for key, stream in streams.items():
        if key.lower() in _NAMES and stream.dtype.kind in "US" and len(stream.shape) == 1:
            return tuple(stream.whole().astype(str).tolist())
    return None


def _pairs(
    streams: Mapping[str, NpyStream], source: Path, image_key: str | None, label_key: str | None, labels: Path | None
) -> list[Pair]:
    if label_key in NO_LABELS:
        label_key, labels, streams = None, None, _without_labels(streams)
    if image_key is not None or len(streams) == 1:
        images = _named(streams, image_key or next(iter(streams)), source)
        if label_key is not None:
            return [Pair(images, _named(streams, label_key, source).whole(), label_key)]
        beside = labels or _beside(source)
        if beside is not None:
            return [Pair(images, read_labels(beside), beside.name)]
        found = _matching(streams, images)
        return [Pair(images, found.whole() if found else None, found.name if found else "")]
    pairs = _by_names(streams, label_key) or _by_shapes(streams)
    if not pairs:
        listed = ", ".join(f"{key} {stream.shape}" for key, stream in list(streams.items())[:12]) or "none"
        raise DataError(
            f"'{source.name}' has the arrays: {listed}. None is named like images (x, images, data ...) with three or "
            "four axes. Say which with the image column and the label column."
        )
    if labels is not None and len(pairs) == 1:
        return [Pair(pairs[0].images, read_labels(labels), labels.name, pairs[0].masks)]
    return pairs


def _without_labels(streams: Mapping[str, NpyStream]) -> dict[str, NpyStream]:
    return {key: s for key, s in streams.items() if len(s.shape) > 2}


def _by_names(streams: Mapping[str, NpyStream], label_key: str | None) -> list[Pair]:
    keyed: dict[tuple[str, str], NpyStream] = {}
    for key, stream in streams.items():
        before, base, after = _split(key)
        kind = next((k for k, known in (("x", _IMAGES), ("y", _LABELS), ("m", _MASKS)) if base in known), "")
        if key == label_key:
            kind = "y"
        if kind and not (kind == "x" and len(stream.shape) < 3):
            keyed.setdefault((before or after, kind), stream)
    pairs = []
    for (split, kind), images in keyed.items():
        if kind == "x":
            found = keyed.get((split, "y"))
            values = found.whole() if found else None
            pairs.append(Pair(images, values, found.name if found else "", keyed.get((split, "m")), split))
    return pairs


def _by_shapes(streams: Mapping[str, NpyStream]) -> list[Pair]:
    images = [s for s in streams.values() if len(s.shape) in (3, 4) and s.dtype.kind in "iufb"]
    if len(images) != 1:
        return []
    found = _matching(streams, images[0])
    return [Pair(images[0], found.whole() if found else None, found.name if found else "")]


def _matching(streams: Mapping[str, NpyStream], images: NpyStream) -> NpyStream | None:
    """The one array of whole numbers with as many rows."""
    rows = [s for s in streams.values() if s.shape == images.shape[:1] and s.dtype.kind in "iuUS"]
    return rows[0] if len(rows) == 1 else None


def _split(key: str) -> tuple[str, str, str]:
    lowered = key.lower()
    if lowered in _IMAGES or lowered in _LABELS:
        return "", lowered, ""
    found = _SPLIT.fullmatch(lowered)
    before, base, after = found.groups() if found else (None, lowered, None)
    return before or "", base, after or ""


def _named(streams: Mapping[str, NpyStream], key: str, source: Path) -> NpyStream:
    if key not in streams:
        raise DataError(f"'{source.name}' has no array '{key}'; it has: {', '.join(streams)}.")
    return streams[key]


def _beside(source: Path) -> Path | None:
    path = source.with_name("labels.npy")
    return path if source.suffix.lower() == ".npy" and path.is_file() and path != source else None


def read_labels(path: Path) -> np.ndarray:
    """Labels from an .npy, or a text file with one a line; DataError where they cannot be read."""
    if path.suffix.lower() == ".npy":
        return next(iter(npy_streams(path).values())).whole()
    texts = class_lists.read(path)
    if all(t.removeprefix("-").isdecimal() for t in texts):
        return np.array([int(t) for t in texts])
    return np.array(texts)
