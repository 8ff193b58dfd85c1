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
_ROWS = 64


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
    parquet = _is_parquet(paths[0])
    schema = _parquet_schema(paths[0]) if parquet else _text_schema(source)
    columns = _columns(schema, source.name, image_column, label_column)
    if not parquet and columns.label is not None:
        columns = Columns(columns.image, columns.label, whole_numbers=_whole_numbers(source, columns.label))
    if writer.class_names is None and columns.class_names is not None:
        writer.class_names = columns.class_names
    rows = _parquet_rows(paths, columns) if parquet else _text_rows(source, columns)
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


# ---------------------------------------------------------------------------------------------------------- Parquet


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _parquet_schema(path: Path) -> "pa.Schema":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def _parquet_rows(paths: Sequence[Path], columns: Columns) -> Iterator[tuple[Any, Any, float]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = [c for c in (columns.image, columns.label) if c]
    for place, path in enumerate(paths):
        try:
            with pq.ParquetFile(path, pre_buffer=False, buffer_size=2**20) as file:
                total, done = max(file.metadata.num_rows, 1), 0
                for batch in file.iter_batches(batch_size=_ROWS, columns=wanted, use_threads=False):
                    images = batch.column(columns.image).to_pylist()
                    labels = batch.column(columns.label).to_pylist() if columns.label else [None] * len(images)
                    for image, label in zip(images, labels, strict=True):
                        done += 1
                        yield image, label, (place + done / total) / len(paths)
        except (pa.ArrowException, OSError, KeyError) as error:
            raise _damaged(path, error) from error


def _damaged(path: Path, error: BaseException) -> BadTable:
    return BadTable(f"'{path.name}' is no Parquet file, or is damaged ({str(error)[:200]}). Write it again.")


# --------------------------------------------------------------------------------------------------------- CSV, TSV


def _text_schema(path: Path) -> "pa.Schema":
    with _csv(path, None) as reader:
        return reader.schema


def _whole_numbers(path: Path, column: str) -> bool:
    with _csv(path, [column]) as reader:
        values = (v.strip() for batch in reader for v in batch.column(0).to_pylist() if v and v.strip())
        found = [v.removeprefix("-").isdecimal() for v in values]
    return bool(found) and all(found)


def _text_rows(path: Path, columns: Columns) -> Iterator[tuple[Any, Any, float]]:
    wanted = [c for c in (columns.image, columns.label) if c]
    with _csv(path, wanted) as reader:
        total = sum(len(batch) for batch in reader)
    done = 0
    with _csv(path, wanted) as reader:
        for batch in reader:
            images = batch.column(0).to_pylist()
            labels = batch.column(len(wanted) - 1).to_pylist() if columns.label else [None] * len(images)
            for image, label in zip(images, labels, strict=True):
                done += 1
                yield image, label, done / max(total, 1)


class _csv:
    """A reader of batches with every column as text; BadTable for what is no such table."""

    def __init__(self, path: Path, columns: Sequence[str] | None) -> None:
        import pyarrow as pa
        from pyarrow import csv

        self._path, self._arrow = path, pa
        with path.open("rb") as file:
            head = file.read(65536)
        first = head.split(b"\n", 1)[0]
        delimiter = max((b",", b"\t", b";"), key=first.count).decode()
        try:
            parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=False)
            names = csv.open_csv(path, parse_options=parse).schema.names
            convert = csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), include_columns=list(columns or names)
            )
            self._reader = csv.open_csv(path, parse_options=parse, convert_options=convert)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._bad(error) from error

    @property
    def schema(self) -> "pa.Schema":
        return self._reader.schema

    def __enter__(self) -> "_csv":
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def __iter__(self) -> "Iterator[pa.RecordBatch]":
        try:
            yield from self._reader
        except (self._arrow.ArrowException, OSError) as error:
            raise self._bad(error) from error

    def _bad(self, error: BaseException) -> BadTable:
        return BadTable(
            f"'{self._path.name}' cannot be read as a table ({str(error)[:200]}). Expected is UTF-8 text with a "
            "line of column names, then a line for each image, or Parquet."
        )
