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

import contextlib
import hashlib
import json
import shutil
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from analysis.datasets import layout, staging
from analysis.datasets.examining import Examined, examine
from analysis.datasets.facts import (
    counted,
    counts,
    fingerprint,
    image_sizes,
    label_remarks,
    rendition_remarks,
)
from analysis.datasets.layout import Box
from analysis.datasets.pixels_file import PixelsFile
from analysis.datasets.rows import Rows, checked_names
from analysis.errors import DataError, EmptyDataset
from analysis.records import UNLABELLED, DatasetRecord
from analysis.registry import Scalar

if TYPE_CHECKING:
    import pyarrow as pa

_EXAMPLES = 200
_SIZES = 20


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
        self._pixels: PixelsFile | None = None
        self._decoded = True  # whether all images so far have one small size
        self._files: Any = None
        self._masks: Any = None
        self._offset = self._mask_offset = 0

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
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(quietly=True)
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
        self._only(arrays=False)
        with staging.writing(f"the dataset '{self.name}'"):
            if self._files is None:
                self._files = (self._part / layout.FILES).open("wb")
            self._keep_decoded(seen.pixels)
            self._files.write(seen.data)
            place = self._mask(mask, (seen.height, seen.width), name)
        facts = {"name": name, "width_px": seen.width, "height_px": seen.height, "condition": condition}
        facts |= {"digest": seen.digest, "format": seen.format, "_offset": self._offset, "_length": len(seen.data)}
        self._rows.add(facts | place, label, boxes, columns or {})
        self._offset += len(seen.data)
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
        self._only(arrays=True)
        if self._pixels is not None and self._pixels.shape != images.shape[1:]:
            raise DataError(
                f"The images of an array dataset have one shape: {self._pixels.shape} came first, then "
                f"{images.shape[1:]} (height, width, channels). Import them as two datasets."
            )
        start = len(self)
        named = [f"{start + i:05d}" for i in range(len(images))] if names is None else list(names)
        labelled = [UNLABELLED] * len(images) if labels is None else _plain(labels)
        more = {key: _plain(values) for key, values in (columns or {}).items()}
        with staging.writing(f"the dataset '{self.name}'"):
            if self._pixels is None:
                self._pixels = PixelsFile(self._part / layout.PIXELS, images.shape[1:])
            self._pixels.write(images)
            size = {"width_px": images.shape[2], "height_px": images.shape[1], "condition": condition}
            size |= {"format": "array", "_offset": -1, "_length": 0}
            for i, (pixels, name, label) in enumerate(zip(images, named, labelled, strict=True)):
                place = self._mask(None if masks is None else masks[i], pixels.shape[:2], name)
                facts = {"name": name, "digest": hashlib.sha256(pixels.tobytes()).hexdigest()}
                own = {key: values[i] for key, values in more.items()}
                self._rows.add(size | facts | place, label, () if boxes is None else boxes[i], own)

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
            self._close()
            if not self._decoded:
                (self._part / layout.PIXELS).unlink(missing_ok=True)
            samples, boxes, found = self._rows.table(by_name=not self._arrays)
            names = checked_names(titles(found))
            record = self._record(samples, boxes, names)
            _write_parquet(samples.drop_columns(["_mask_digest"]), self._part / layout.SAMPLES)
            if len(boxes):
                _write_parquet(boxes, self._part / layout.BOXES)
            size = sum(p.stat().st_size for p in self._part.iterdir())
            record = replace(record, size_bytes=size)
            text = json.dumps(layout.record_to_json(record), indent=1)
            (self._part / layout.RECORD).write_text(text, encoding="utf-8")
            place = self.folder / record.dataset_id
            if not staging.publish(self._part, place):
                with contextlib.suppress(DataError):
                    if self._is_whole(place):
                        return self._known(place, record)
                shutil.rmtree(place)  # damaged, and this is the same content
                staging.publish(self._part, place)
        return record

    def _is_whole(self, place: Path) -> bool:
        """Whether the dataset that is there has files as long as those just written."""
        names = (layout.FILES, layout.PIXELS, layout.MASKS)
        ours, theirs = ([_length(folder / name) for name in names] for folder in (self._part, place))
        return ours == theirs and (place / layout.SAMPLES).is_file()

    def _known(self, place: Path, record: DatasetRecord) -> DatasetRecord:
        """The dataset that is there already, with what is new of how it came."""
        told = {key: getattr(record, key) for key in ("name", "source", "skipped", "skipped_examples", "remarks")}
        known = replace(layout.read_record(place), **told)
        staging.replace_text(place / layout.RECORD, json.dumps(layout.record_to_json(known), indent=1))
        return known

    def _record(self, samples: "pa.Table", boxes: "pa.Table", class_names: tuple[str, ...]) -> DatasetRecord:
        labels = samples.column("label").to_numpy()
        formats = counts(samples.column("format"))
        return DatasetRecord(
            dataset_id=fingerprint(samples, boxes, class_names),
            name=self.name,
            kind=self.kind,
            source=self.source,
            class_names=class_names,
            size=len(samples),
            labelled=int((labels != UNLABELLED).sum()),
            formats=formats,
            image_sizes=image_sizes(samples, most=_SIZES),
            masks=int((samples.column("_mask_length").to_numpy() > 0).sum()),
            boxes=len(boxes.column("sample").unique()),
            conditions=tuple(c for c in samples.column("condition").unique().to_pylist() if c),
            skipped=self._skipped,
            skipped_examples=tuple(self._examples),
            remarks=self._all_remarks(samples, class_names, formats),
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

    # ---------------------------------------------------------------------------------------------------- the files

    def _only(self, *, arrays: bool) -> None:
        if self._arrays is None:
            self._arrays = arrays
        if self._arrays != arrays:
            raise ValueError("a dataset holds files or arrays, not both")

    def _keep_decoded(self, pixels: np.ndarray | None) -> None:
        """Pixels too, as long as every image so far has one small size."""
        if not self._decoded:
            return
        if pixels is None or (self._pixels is not None and self._pixels.shape != pixels.shape):
            self._decoded = False
            return
        if self._pixels is None:
            self._pixels = PixelsFile(self._part / layout.PIXELS, pixels.shape)
        self._pixels.write(pixels[None])

    def _mask(self, mask: np.ndarray | None, shape: tuple[int, ...], name: str) -> dict[str, Any]:
        """Keep a mask (H, W); its place in the file."""
        if mask is None:
            return {"_mask_offset": -1, "_mask_length": 0, "_mask_digest": ""}
        if mask.shape != shape[:2]:
            raise DataError(f"The mask of '{name}' has shape {mask.shape}, but the image {shape[:2]} (height, width).")
        if self._masks is None:
            self._masks = (self._part / layout.MASKS).open("wb")
        plain = np.packbits(mask.astype(bool)).tobytes()
        packed = zlib.compress(plain, 1)
        self._masks.write(packed)
        offset, self._mask_offset = self._mask_offset, self._mask_offset + len(packed)
        digest = hashlib.sha256(plain).hexdigest()
        return {"_mask_offset": offset, "_mask_length": len(packed), "_mask_digest": digest}

    def _close(self, *, quietly: bool = False) -> None:
        for file in (self._pixels, self._files, self._masks):
            if file is not None:
                with contextlib.suppress(*((OSError,) if quietly else ())):
                    file.close()
        self._pixels = self._files = self._masks = None


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


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
