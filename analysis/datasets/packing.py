"""Write a dataset into the workspace, image by image or in blocks; it appears whole or not at all.

    with DatasetWriter(folder, name="pets", kind="folder", source="pets.zip", class_names=None) as writer:
        writer.add(data, "cat/001.jpg", label="cat")                  # a file's bytes: looked at, kept as they are
        writer.add(examine(data, name), name, label=3, condition="fog/2", mask=mask, boxes=[...])
        writer.skip("cat/002.jpg", "is cut short")                   # listed in the record
        writer.remark("3 files had the same name.")
        record = writer.finish()

    with DatasetWriter(folder, name="shapes", kind="generated", source="shapes", class_names=names, params=p) as writer:
        writer.add_arrays(images, labels, masks=masks, columns={"group": groups})       # (n, H, W[, C]) uint8
        record = writer.finish()

A dataset holds files or arrays, not both; its arrays are of one shape. Labels are class names (then
`class_names` may be left out: those that occurred, sorted), indices into `class_names`, or UNLABELLED.
Files are put into the order of their names when finished, arrays stay in the order given; a name that comes
twice gets " (2)". `columns` are further columns of samples.parquet, the same ones with every call.
`finish` returns the record; where the workspace has a dataset of the same content, its files are kept and what is
new of it (name, source, skipped files, remarks) goes into its record. Leaving the block without it (an error, a
cancelled job) leaves nothing behind.
Memory holds a row a sample (under a kilobyte), never the images. Not for several threads at once.
"""

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from analysis.datasets import layout, staging
from analysis.datasets.examining import Examined, examine
from analysis.datasets.facts import counted, facts, label_remarks, rendition_remarks
from analysis.datasets.keeping import keep
from analysis.datasets.layout import Box
from analysis.datasets.part_files import PartFiles
from analysis.datasets.rows import Rows, checked_names
from analysis.errors import DataError, EmptyDataset
from analysis.records import UNLABELLED, DatasetRecord
from analysis.registry import Scalar

if TYPE_CHECKING:
    import pyarrow as pa

_EXAMPLES = 200


class DatasetWriter:
    """See the module."""

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        kind: str,
        source: str,
        class_names: Sequence[str] | None = None,
        params: Mapping[str, Scalar] | None = None,
    ) -> None:
        self.name, self.kind, self.source, self.params = name, kind, source, dict(params or {})
        self.folder = folder
        self._rows = Rows(class_names)
        self._skipped = 0
        self._examples: list[tuple[str, str]] = []
        self._remarks: list[str] = []
        self._decoding: Counter[str] = Counter()
        self._arrays: bool | None = None  # whether arrays come, or files

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """As given; may be set as long as no image was added."""
        return self._rows.given

    @class_names.setter
    def class_names(self, names: Sequence[str] | None) -> None:
        if len(self):
            raise ValueError("class names come before the first image")
        self._rows = Rows(names)

    @property
    def skipped(self) -> int:
        return self._skipped

    def __enter__(self) -> Self:
        with staging.writing(f"the dataset '{self.name}'"):
            self._part = staging.temporary(self.folder)
        self._files = PartFiles(self._part)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close(quietly=True)
        shutil.rmtree(self._part, ignore_errors=True)

    # ------------------------------------------------------------------------------------------ taking images in

    def add(
        self,
        file: bytes | Examined,
        name: str,
        *,
        label: int | str = UNLABELLED,
        condition: str = "",
        mask: np.ndarray | None = None,
        boxes: Sequence[Box] = (),
        columns: Mapping[str, Any] | None = None,
    ) -> None:
        """One image file, its bytes kept as they are. UnreadableImage if it is none, and nothing is added."""
        seen = file if isinstance(file, Examined) else examine(file, name)
        files = self._only(arrays=False)
        with staging.writing(f"the dataset '{self.name}'"):
            place = files.add_file(seen) | files.add_mask(mask, (seen.height, seen.width), name)
        facts = {"name": name, "width_px": seen.width, "height_px": seen.height, "condition": condition}
        facts |= {"digest": seen.digest, "format": seen.format}
        self._rows.add(facts | place, label, boxes, columns or {})
        self._decoding.update(seen.remarks)

    def add_arrays(
        self,
        images: np.ndarray,
        labels: Sequence[int] | Sequence[str] | np.ndarray | None = None,
        *,
        names: Sequence[str] | None = None,
        condition: str = "",
        masks: np.ndarray | None = None,
        boxes: Sequence[Sequence[Box]] | None = None,
        columns: Mapping[str, Sequence[Any] | np.ndarray] | None = None,
    ) -> None:
        """A block of images (n, H, W) or (n, H, W, C) uint8, C 1 or 3; masks (n, H, W) bool.

        Names are the numbers of the samples unless given.
        """
        images = _four_dimensional(images)
        files = self._only(arrays=True)
        start, (count, height, width) = len(self), images.shape[:3]
        named = [f"{start + i:05d}" for i in range(count)] if names is None else list(names)
        labelled = [UNLABELLED] * count if labels is None else _plain(labels)
        more = {key: _plain(values) for key, values in (columns or {}).items()}
        facts = {"width_px": width, "height_px": height, "condition": condition, "format": "array"}
        with staging.writing(f"the dataset '{self.name}'"):
            facts |= files.add_arrays(images)
            for i, (pixels, name, label) in enumerate(zip(images, named, labelled, strict=True)):
                place = files.add_mask(None if masks is None else masks[i], (height, width), name)
                place |= {"name": name, "digest": hashlib.sha256(pixels.tobytes()).hexdigest()}
                own = {key: values[i] for key, values in more.items()}
                self._rows.add(facts | place, label, () if boxes is None else boxes[i], own)

    def skip(self, name: str, why: str) -> None:
        """A file that could not be taken."""
        self._skipped += 1
        if len(self._examples) < _EXAMPLES:
            self._examples.append((name, why))

    def remark(self, text: str) -> None:
        """What must be said of the dataset, a sentence."""
        self._remarks.append(text)

    # --------------------------------------------------------------------------------------------------- finishing

    def finish(self, *, titles: Callable[[Sequence[str]], Sequence[str]] = tuple) -> DatasetRecord:
        """Everything to the disk under the dataset's id; EmptyDataset where nothing was added.

        `titles` turns the class names found into those to show, one for each.
        """
        if not len(self):
            raise EmptyDataset(f"'{self.source}' has no image that can be read.{_why_skipped(self._examples)}")
        with staging.writing(f"the dataset '{self.name}'"):
            self._files.finish()
            samples, boxes, found = self._rows.table(by_name=not self._arrays)
            names = checked_names(titles(found))
            record = self._record(samples, boxes, names)
            _write_parquet(samples.drop_columns(["_mask_digest"]), self._part / layout.SAMPLES)
            if len(boxes):
                _write_parquet(boxes, self._part / layout.BOXES)
            return keep(self._part, self.folder, record)

    def _record(self, samples: "pa.Table", boxes: "pa.Table", class_names: tuple[str, ...]) -> DatasetRecord:
        found = facts(samples, boxes, class_names)
        return DatasetRecord(
            **found,
            name=self.name,
            kind=self.kind,
            source=self.source,
            class_names=class_names,
            skipped=self._skipped,
            skipped_examples=tuple(self._examples),
            remarks=self._all_remarks(samples, class_names, found["formats"]),
            params=self.params,
            added_at=datetime.now(UTC),
        )

    def _all_remarks(
        self, samples: "pa.Table", class_names: Sequence[str], formats: Mapping[str, int]
    ) -> tuple[str, ...]:
        decoding = [
            f"{said[:1].upper()}{said[1:]}: {counted(n, 'image', 'images')}."
            for said, n in self._decoding.most_common()
        ]
        return (
            *self._remarks,
            *self._rows.remarks(),
            *label_remarks(samples, class_names),
            *rendition_remarks(formats),
            *decoding[:20],
        )

    def _only(self, *, arrays: bool) -> PartFiles:
        if self._arrays is None:
            self._arrays = arrays
        if self._arrays != arrays:
            raise ValueError("a dataset holds files or arrays, not both")
        return self._files


def _why_skipped(examples: Sequence[tuple[str, str]]) -> str:
    return f" The first that was skipped: {examples[0][1]}" if examples else ""


def _plain(values: Any) -> list[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def _four_dimensional(images: np.ndarray) -> np.ndarray:
    if images.ndim == 3:
        images = images[..., None]
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape[1:]:
        raise DataError(
            f"Images are (n, height, width) or (n, height, width, channels) of uint8, with 1 or 3 channels; got shape "
            f"{images.shape} of {images.dtype}."
        )
    return images


def _write_parquet(table: "pa.Table", path: Path) -> None:
    import pyarrow.parquet as pq

    with path.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
