"""The files of a dataset in the workspace, and its record as JSON.

    <workspace>/datasets/<dataset_id>/
      dataset.json      the DatasetRecord
      samples.parquet   a row a sample: PUBLIC columns, columns of the source's own, and _PRIVATE ones
      images.bin        the image files, byte for byte, one after the other (absent where arrays were given)
      pixels.npy        (N, H, W, C) uint8, where arrays were given or all images have one size of at most
                        64 x 64: then decoding has been paid once
      masks.bin         a zlib-packed bit a pixel, one mask after the other
      boxes.parquet     sample, left, top, right, bottom (pixels), label

Pixels and files lie in the order in which they came; `_row` and `_offset` find them.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from analysis.errors import DataError
from analysis.records import DatasetRecord

RECORD, SAMPLES, FILES, PIXELS, MASKS, BOXES = (
    *("dataset.json", "samples.parquet", "images.bin"),
    *("pixels.npy", "masks.bin", "boxes.parquet"),
)
PUBLIC = ("sample", "name", "label", "width_px", "height_px", "condition", "digest", "format")
PRIVATE = ("_row", "_offset", "_length", "_mask_offset", "_mask_length", "_mask_digest")
SMALL = 64
"""Images of one size with no side longer than this are kept decoded."""

Box = tuple[float, float, float, float, str]
"""left, top, right, bottom in pixels of the upright image, and what is in it."""


def read_record(folder: Path) -> DatasetRecord:
    """The record of a dataset's folder; DataError where it is missing or damaged."""
    try:
        return record_from_json(json.loads((folder / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"The dataset's files are missing or damaged ({RECORD} in datasets/{folder.name[:12]}). "
            "Delete the dataset and import it again."
        ) from error


def record_to_json(record: DatasetRecord) -> dict[str, Any]:
    added = record.added_at
    return asdict(record) | {"added_at": added and added.isoformat()}


def record_from_json(values: Mapping[str, Any]) -> DatasetRecord:
    """The record; what a later version may have added is left out."""
    known = {f.name for f in fields(DatasetRecord)}
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known}
    given["skipped_examples"] = tuple((name, why) for name, why in given.get("skipped_examples", ()))
    added = given.get("added_at")
    given["added_at"] = datetime.fromisoformat(added) if added else None
    return DatasetRecord(**given)
