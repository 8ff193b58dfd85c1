"""Reading tables in parts: two columns of a CSV, TSV or Parquet file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import BadTable

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 64
Row = tuple[Any, Any, float]
"""Image, label (None where there is none), fraction of the table that is done."""


# ---------------------------------------------------------------------------------------------------------- Parquet


def is_parquet(path: Path) -> bool:
    """By its first bytes."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def parquet_schema(path: Path) -> "pa.Schema":
    """Columns and metadata; BadTable where the file is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def parquet_rows(paths: Sequence[Path], image: str, label: str | None = None) -> Iterator[Row]:
    """The rows of several files in turn, a few at a time; BadTable where one is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = [c for c in (image, label) if c]
    for place, path in enumerate(paths):
        try:
            with pq.ParquetFile(path, pre_buffer=False, buffer_size=2**20) as file:
                total, done = max(file.metadata.num_rows, 1), 0
                for batch in file.iter_batches(batch_size=_ROWS, columns=wanted, use_threads=False):
                    images = batch.column(image).to_pylist()
                    labels = batch.column(label).to_pylist() if label else [None] * len(images)
                    for pair in zip(images, labels, strict=True):
                        done += 1
                        yield *pair, (place + done / total) / len(paths)
        except (pa.ArrowException, OSError, KeyError) as error:
            raise _damaged(path, error) from error


def _damaged(path: Path, error: BaseException) -> BadTable:
    return BadTable(f"'{path.name}' is no Parquet file, or is damaged ({str(error)[:200]}). Write it again.")


# --------------------------------------------------------------------------------------------------------- CSV, TSV


def text_schema(path: Path) -> "pa.Schema":
    """The columns that the first line names."""
    with _CsvReader(path, None) as reader:
        return reader.schema


def whole_numbers(path: Path, column: str) -> bool:
    """Whether a column has nothing but whole numbers (and empty cells)."""
    with _CsvReader(path, [column]) as reader:
        values = (v.strip() for batch in reader for v in batch.column(0).to_pylist() if v and v.strip())
        found = [v.removeprefix("-").isdecimal() for v in values]
    return bool(found) and all(found)


def text_rows(path: Path, image: str, label: str | None = None) -> Iterator[Row]:
    """The rows of a text table, every cell a text."""
    wanted = [c for c in (image, label) if c]
    with _CsvReader(path, wanted) as reader:
        total = sum(len(batch) for batch in reader)
    done = 0
    with _CsvReader(path, wanted) as reader:
        for batch in reader:
            images = batch.column(0).to_pylist()
            labels = batch.column(1).to_pylist() if label else [None] * len(images)
            for pair in zip(images, labels, strict=True):
                done += 1
                yield *pair, done / max(total, 1)


class _CsvReader:
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

    def __enter__(self) -> "_CsvReader":
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
