"""Parquet files of a fixed number of samples each: what a pass has acknowledged.

A part that has its name is on the disk, and so are the features of its samples.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.passes.files import write_whole

if TYPE_CHECKING:
    import pyarrow as pa

PART = 512
"""Samples a part: what a kill can cost, and the most that a batch can be."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a part's file says of itself."""

    samples: int
    known: int  # whose true class the classifier has
    correct: int
    unusable: int  # whose logits were not numbers


def part_path(folder: Path, number: int) -> Path:
    return folder / f"part-{number:05d}.parquet"


def span(number: int, total: int) -> range:
    """The samples of a part of a dataset of `total`."""
    return range(number * PART, min(total, (number + 1) * PART))


def count(total: int) -> int:
    """How many parts a dataset has."""
    return -(-total // PART)


def schema() -> "pa.Schema":
    """The columns of a part. Empty (NULL) where there is no truth, or no linear head."""
    import pyarrow as pa

    numbers = ("loss", "angle", "length", "margin")
    return pa.schema(
        [
            pa.field("sample", pa.int32(), nullable=False),
            pa.field("truth", pa.int32()),  # the classifier's class, as are the next and top_classes
            pa.field("prediction", pa.int32(), nullable=False),
            pa.field("confidence", pa.float32()),
            pa.field("correct", pa.bool_()),
            *(pa.field(name, pa.float32()) for name in numbers),
            pa.field("top_classes", pa.list_(pa.int32())),
            pa.field("top_probabilities", pa.list_(pa.float32())),
        ]
    )


def write_part(folder: Path, number: int, columns: Mapping[str, Any], tally: Tally) -> None:
    """Acknowledge a part: columns as masked arrays (NULL where masked), or (n, k) arrays for lists."""
    import pyarrow as pa
    from pyarrow import parquet

    names = ("samples", "known", "correct", "unusable")
    wanted = schema().with_metadata({n: str(getattr(tally, n)) for n in names})
    table = pa.table([_column(columns[f.name], f.type) for f in wanted], schema=wanted)
    write_whole(part_path(folder, number), lambda path: parquet.write_table(table, path, compression="zstd"))


def _column(values: np.ndarray, kind: "pa.DataType") -> "pa.Array":
    import pyarrow as pa

    if values.ndim == 2:
        ends = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
        return pa.ListArray.from_arrays(pa.array(ends), pa.array(values.ravel()).cast(kind.value_type))
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    return pa.array(np.ma.getdata(values), type=kind, mask=mask)


def tally_of(folder: Path, number: int, total: int) -> Tally | None:
    """What an acknowledged part says; None where it is not there, or not a part of such a pass."""
    import pyarrow as pa
    from pyarrow import parquet

    path = part_path(folder, number)
    if not path.is_file():
        return None
    try:
        footer = parquet.read_metadata(path)
        told = {k.decode(): int(v) for k, v in (footer.metadata or {}).items() if not k.startswith(b"ARROW")}
        found = Tally(told["samples"], told["known"], told["correct"], told["unusable"])
    except (pa.ArrowInvalid, OSError, KeyError, ValueError):
        return None
    whole = footer.num_rows == found.samples == len(span(number, total))
    return found if whole and footer.schema.to_arrow_schema().equals(schema()) else None
