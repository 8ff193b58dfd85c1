"""The last step of an import: the folder that was written takes its place under the dataset's id."""

import contextlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

from analysis.datasets import layout, staging
from analysis.errors import DataError
from analysis.records import DatasetRecord

_TOLD = ("name", "source", "skipped", "skipped_examples", "remarks")
"""What a second import of the same content may say differently."""


def keep(part: Path, folder: Path, record: DatasetRecord) -> DatasetRecord:
    """Write the record and rename the folder; where the same content is there and whole, only tell what is new of it.

    OSError where the disk does not take it.
    """
    record = replace(record, size_bytes=sum(p.stat().st_size for p in part.iterdir()))
    (part / layout.RECORD).write_text(_text(record), encoding="utf-8")
    place = folder / record.dataset_id
    if staging.publish(part, place):
        return record
    with contextlib.suppress(DataError):
        if _is_whole(place, part):
            known = replace(layout.read_record(place), **{key: getattr(record, key) for key in _TOLD})
            staging.replace_text(place / layout.RECORD, _text(known))
            return known
    shutil.rmtree(place)  # damaged, and this is the same content
    staging.publish(part, place)
    return record


def _is_whole(place: Path, part: Path) -> bool:
    """Whether the dataset that is there has files as long as those just written."""
    names = (layout.FILES, layout.PIXELS, layout.MASKS)
    theirs, ours = ([_length(folder / name) for name in names] for folder in (place, part))
    return theirs == ours and (place / layout.SAMPLES).is_file()


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _text(record: DatasetRecord) -> str:
    return json.dumps(layout.record_to_json(record), indent=1)
