"""Tables of images: CSV, TSV or Parquet with a column of paths or of bytes, and a column of labels.

Hugging Face's form is known: a struct of `bytes` and `path`, with the class names in the file's metadata. Read in
batches, so that a table of many gigabytes takes no more memory than a small one. Paths are relative to the table's
folder and may not leave it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.datasets.decoding import MAX_BYTES
from analysis.datasets.packing import DatasetWriter
from analysis.datasets.table_rows import (
    is_parquet,
    parquet_rows,
    parquet_schema,
    text_rows,
    text_schema,
    whole_numbers,
)
from analysis.datasets.taking import Extras, ImageFile, take
from analysis.datasets.trees import TOO_LONG
from analysis.errors import BadTable
from analysis.records import UNLABELLED, DatasetRecord
from analysis.types import Report

if TYPE_CHECKING:
    import pyarrow as pa

IMAGE_COLUMNS = (
    *("image", "img", "image_path", "img_path", "path", "filepath", "file_path", "file", "filename", "file_name"),
    *("image_file", "bytes", "image_bytes", "jpg", "jpeg", "png", "webp", "content", "name"),
)
LABEL_COLUMNS = (
    *("label", "labels", "class", "target", "category", "y", "fine_label", "class_name", "label_name", "species"),
    *("class_id", "label_id", "category_id", "cls", "truth", "ground_truth", "diagnosis", "dx"),
)
NO_LABELS = ("", "none", "-")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a table keeps what is needed."""

    image: str
    label: str | None
    class_names: tuple[str, ...] | None = None  # as the table's metadata give them
    whole_numbers: bool = False  # of a text file: labels that are all whole numbers are indices


def import_table(
    source: Path,
    writer: DatasetWriter,
    extras: Extras,
    *,
    image_column: str | None,
    label_column: str | None,
    report: Report,
) -> DatasetRecord:
    """Every row whose image decodes; BadTable where the columns needed are not there."""
    paths = sorted(source.rglob("*.parquet")) if source.is_dir() else [source]
    parquet = is_parquet(paths[0])
    schema = parquet_schema(paths[0]) if parquet else text_schema(source)
    columns = _columns(schema, source.name, image_column, label_column)
    if not parquet and columns.label is not None:
        columns = Columns(columns.image, columns.label, whole_numbers=whole_numbers(source, columns.label))
    if writer.class_names is None and columns.class_names is not None:
        writer.class_names = columns.class_names
    wanted = [c for c in (columns.image, columns.label) if c]
    rows = parquet_rows(paths, *wanted) if parquet else text_rows(source, *wanted)
    folder = source if source.is_dir() else source.parent
    take(writer, _files(rows, columns, folder), extras, report)
    return writer.finish()


def _files(rows: Iterator[tuple[Any, Any, float]], columns: Columns, folder: Path) -> Iterator[ImageFile]:
    """(image, label, fraction) of each row -> the file it means."""
    root = folder.resolve()
    for number, (image, label, fraction) in enumerate(rows):
        name, data = _image(image, number, root)
        try:
            yield ImageFile(name, data, fraction, _label(label, columns))
        except ValueError:
            yield ImageFile(name, f"has the label {label!r}, which is neither a whole number nor a text", fraction)


def _image(image: Any, number: int, root: Path) -> tuple[str, bytes | str]:
    """Name, and bytes or why there are none."""
    name = f"row {number:06d}"
    if isinstance(image, dict):
        path = image.get("path")
        if image.get("bytes") is None:
            return _image(path, number, root)
        name, image = str(path) if path else name, image["bytes"]
    if isinstance(image, bytes):
        return name, image if len(image) <= MAX_BYTES else TOO_LONG
    if not isinstance(image, str) or not image.strip():
        return name, "has no image"
    return image.replace("\\", "/"), _read(image.strip().replace("\\", "/"), root)


def _read(path: str, root: Path) -> bytes | str:
    try:
        file = (root / path).resolve()
        if not file.is_relative_to(root):
            return "lies outside of the table's folder, which is not read"
        if not file.is_file():
            return "is not there (paths are relative to the table's folder)"
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        return f"cannot be read ({getattr(error, 'strerror', None) or error})"
    return data if len(data) <= MAX_BYTES else TOO_LONG


def _label(value: Any, columns: Columns) -> int | str:
    """An index or a class name; ValueError for what is neither."""
    if columns.label is None or value is None:
        return UNLABELLED
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        plain = value.strip()
        if columns.whole_numbers:
            return int(plain) if plain else UNLABELLED
        return plain or UNLABELLED
    if isinstance(value, float) and value != value:  # NaN is how a missing number looks
        return UNLABELLED
    if isinstance(value, int | float) and value == int(value):
        return int(value)
    raise ValueError


def _columns(schema: "pa.Schema", name: str, image: str | None, label: str | None) -> Columns:
    there = list(schema.names)
    image = _chosen(there, image, IMAGE_COLUMNS, "images (paths or bytes)", "image", name)
    label = None if label in NO_LABELS else _chosen(there, label, LABEL_COLUMNS, "labels", "label", name, image)
    names = _hugging_face_names(schema, label) if label else None
    return Columns(image, label, names)


def _chosen(
    there: Sequence[str], asked: str | None, known: Sequence[str], what: str, option: str, name: str, taken: str = ""
) -> str:
    listed = ", ".join(there[:40]) or "none"
    if asked is not None:
        if asked not in there:
            raise BadTable(f"'{name}' has no column '{asked}'; its columns are: {listed}.")
        return asked
    lowered = {c.lower().strip(): c for c in reversed(there) if c != taken}
    found = next((lowered[k] for k in known if k in lowered), None)
    if found is None:
        more = " For images without labels, say 'none'." if option == "label" else ""
        raise BadTable(
            f"Which column of '{name}' holds the {what}? Its columns are: {listed}. "
            f"Say it as the {option} column.{more}"
        )
    return found


def _hugging_face_names(schema: "pa.Schema", label: str) -> tuple[str, ...] | None:
    try:
        info = json.loads((schema.metadata or {})[b"huggingface"])["info"]
        return tuple(str(n) for n in info["features"][label]["names"])
    except (KeyError, TypeError, ValueError):
        return None
