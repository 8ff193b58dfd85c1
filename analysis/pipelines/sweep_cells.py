"""A sweep's results as files: the rows of a cell's block, and the log of cells that are whole.

A cell's file that has its name is complete. It says nothing of time or device, so that two computations of one cell
can be compared byte for byte. The log grows by a line a cell; what a kill leaves of a line is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.passes.files import told, write_whole
from analysis.pipelines.sweep_plan import CELLS, SWEEPS
from analysis.store.keys import digest
from analysis.sweeps import VALUES, Cell, Score

if TYPE_CHECKING:
    import pyarrow as pa

_REMARKS = b"remarks"


def cell_path(workspace: Path, cell_id: str) -> Path:
    return workspace / CELLS / cell_id[:2] / f"{cell_id}.parquet"


def features_path(workspace: Path, cell_id: str, tap: str) -> Path:
    """(n, D) float32 of the samples of a cell's block."""
    return workspace / CELLS / cell_id[:2] / f"{cell_id}-{digest(tap=tap)[:12]}.npy"


def there(workspace: Path, cell_id: str, taps: Sequence[str] = ()) -> bool:
    paths = [cell_path(workspace, cell_id), *(features_path(workspace, cell_id, tap) for tap in taps)]
    return all(path.is_file() for path in paths)


def write_cell(
    workspace: Path,
    cell_id: str,
    columns: Mapping[str, np.ndarray],
    remarks: Sequence[str] = (),
    features: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Rows of one block: sample, prediction, correct (masked where unknown), VALUES (nan where there is none)."""
    import pyarrow as pa
    from pyarrow import parquet

    path = cell_path(workspace, cell_id)
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    for tap, values in (features or {}).items():
        with_name = features_path(workspace, cell_id, tap)
        write_whole(with_name, lambda temporary, values=values: _save(temporary, values))
    schema = _schema().with_metadata({_REMARKS: json.dumps(list(remarks)).encode()})
    table = pa.table([_array(columns[f.name], f.type) for f in schema], schema=schema)
    write_whole(path, lambda temporary: parquet.write_table(table, temporary, compression="zstd"))


def _save(path: Path, values: np.ndarray) -> None:
    with path.open("wb") as file:  # numpy would put an ending after the name
        np.save(file, values)


def _schema() -> pa.Schema:
    import pyarrow as pa

    fields = [pa.field("sample", pa.int32(), nullable=False), pa.field("prediction", pa.int32(), nullable=False)]
    return pa.schema([*fields, pa.field("correct", pa.bool_()), *(pa.field(n, pa.float32()) for n in VALUES)])


def _array(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    mask, data = np.ma.getmaskarray(values), np.ma.getdata(values)
    if data.dtype.kind == "f":
        mask = mask | np.isnan(data)
    return pa.array(data, type=kind, mask=mask)


def read_cell(paths: Sequence[Path]) -> dict[str, np.ndarray]:
    """A cell's rows from its blocks, by sample: correct int8 with -1 where unknown, numbers float64 with nan."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.concat_tables([parquet.read_table(path) for path in paths])
    found = {n: table.column(n).to_numpy() for n in ("sample", "prediction")}
    found["correct"] = table.column("correct").cast(pa.int8()).fill_null(-1).to_numpy()
    return found | {n: table.column(n).fill_null(np.nan).to_numpy().astype(np.float64) for n in VALUES}


def remarks_of(path: Path) -> list[str]:
    """What was said of a cell's block."""
    from pyarrow import parquet

    return json.loads((parquet.read_schema(path).metadata or {}).get(_REMARKS, b"[]"))


# ---------------------------------------------------------------------------------------------------------- the log


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell with the files that hold its rows."""

    cell: Cell
    parts: tuple[str, ...]  # ids, in the order of blocks


class CellLog:
    """What of a sweep is whole. One process writes it, any may read it."""

    def __init__(self, workspace: Path, sweep_id: str) -> None:
        """Go on with what is there; cells that failed are forgotten, to be tried again."""
        self.path = log_path(workspace, sweep_id)
        kept = [
            e
            for e in entries(workspace, sweep_id)
            if e.cell.state == "done" and all(cell_path(workspace, p).is_file() for p in e.parts)
        ]
        self.done = {(e.cell.member, e.cell.condition): e for e in kept}
        with told(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(_line(e) for e in self.done.values())

        def write(temporary: Path) -> None:
            temporary.write_text(text, encoding="utf-8")

        write_whole(self.path, write)

    def add(self, found: Sequence[Entry]) -> None:
        with told(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write("".join(_line(e) for e in found))


def log_path(workspace: Path, sweep_id: str) -> Path:
    return workspace / SWEEPS / f"{sweep_id}.cells"


def entries(workspace: Path, sweep_id: str) -> list[Entry]:
    """What the log says, each cell once, the latest."""
    try:
        text = log_path(workspace, sweep_id).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    found = {}
    for entry in _read(text):
        found[entry.cell.member, entry.cell.condition] = entry
    return [*found.values()]


def _read(text: str) -> Iterator[Entry]:
    for line in text.split("\n")[:-1]:  # what comes after the last is half a line, or nothing
        try:
            values = json.loads(line)
            scores = {n: Score(*(float("nan") if v is None else v for v in s)) for n, s in values["scores"].items()}
            given = {n: values[n] for n in ("member", "condition", "state", "message", "samples", "seconds")}
            cell = Cell(**given, scores=scores, remarks=tuple(values["remarks"]))
            yield Entry(cell, tuple(values["parts"]))
        except (ValueError, KeyError, TypeError):
            continue


def _line(entry: Entry) -> str:
    cell = entry.cell
    values = {n: getattr(cell, n) for n in ("member", "condition", "state", "message", "samples", "seconds")}
    scores = {n: [v if np.isfinite(v) else None for v in (s.value, s.low, s.high)] for n, s in cell.scores.items()}
    return json.dumps(values | {"scores": scores, "remarks": list(cell.remarks), "parts": list(entry.parts)}) + "\n"
