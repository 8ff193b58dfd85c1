"""Sweeps: records, cells, and a row a sample for each cell, taken from files as they are computed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from duckdb import DuckDBPyConnection

from analysis.errors import BadParameter, BadTable
from analysis.store import packed_rows, parquet
from analysis.store.names import checked_id, checked_name
from analysis.store.packed_rows import Scales
from analysis.store.sweep_records import COLUMNS, find, found, from_columns, insert
from analysis.store.sweep_rows import SweepRows
from analysis.sweeps import VALUES, Cell, SweepRecord

_CELL = {
    "member": "SMALLINT",
    "condition": "SMALLINT",
    "state": "VARCHAR",
    "message": "VARCHAR",
    "samples": "INTEGER",
    "scores": "VARCHAR",
    "remarks": "VARCHAR",
    "seconds": "DOUBLE",
}
_LISTS = ("scores", "remarks")
_ROW = ("sample", "prediction", "correct", *VALUES)


class Sweeps(SweepRows):
    """What is known of sweeps, and (sweep_rows.py) of their samples."""

    def save(self, record: SweepRecord, samples: np.ndarray, truth: np.ndarray) -> SweepRecord:
        """Keep what a sweep is; its cells come as they are computed. Its name gets a number where it is taken.

        samples (N,) places in the dataset, ascending; truth (N,) the classifiers' class, -1 where unknown. A sweep
        with the same id stays as it is.
        """
        checked_id("sweep", record.sweep_id)
        if not len(samples) == len(truth) == record.samples:
            raise BadParameter(f"The sweep says {record.samples} samples; got {len(samples)} and {len(truth)} labels.")
        return self._access.write(lambda db: _write(db, record, samples, truth))

    def all(self, dataset_id: str | None = None) -> list[SweepRecord]:
        """The latest first."""
        query = f"""SELECT {COLUMNS} FROM sweep WHERE ?::VARCHAR IS NULL OR dataset_id = ?
                    ORDER BY computed_at DESC, sweep_id"""  # noqa: S608  names of ours
        with self._access.read() as db:
            return [from_columns(row) for row in db.execute(query, [dataset_id, dataset_id]).fetchall()]

    def one(self, sweep_id: str) -> SweepRecord | None:
        with self._access.read() as db:
            there = find(db, sweep_id)
        return there[0] if there else None

    def rename(self, sweep_id: str, name: str) -> None:
        """UnknownName, or BadName."""

        def change(db: DuckDBPyConnection) -> None:
            key = found(db, sweep_id)[1]
            taken = [n for (n,) in db.execute("SELECT name FROM sweep WHERE sweep_key <> ?", [key]).fetchall()]
            db.execute("UPDATE sweep SET name = ? WHERE sweep_key = ?", [checked_name("sweep", name, taken), key])

        self._access.write(change)

    def delete(self, sweep_id: str) -> None:
        """Remove it with all its rows. One that is not there is gone already."""

        def change(db: DuckDBPyConnection) -> None:
            if there := find(db, sweep_id):
                for table in ("sweep_result", "sweep_sample", "sweep_cell", "sweep"):
                    db.execute(f"DELETE FROM {table} WHERE sweep_key = ?", [there[1]])  # noqa: S608  names of ours

        self._access.write(change)

    def add(self, sweep_id: str, cells: Sequence[Cell], parts: Sequence[tuple[Path, int, int]]) -> None:
        """Take cells with their rows, or nothing; cells that were there give way.

        parts: (Parquet file, member, condition) with the columns sample, prediction, correct and VALUES; a cell may
        have several. Every done cell must come with its rows: BadTable if not.
        """
        record, key = self._known(sweep_id)
        with self._access.read() as db:
            what = f"The cells of the sweep '{record.name}'"
            names = parquet.described(db, what, [path for path, _, _ in parts], _ROW) if parts else []
            _check(db, what, cells, parts, names)
        self._access.write(lambda db: _add(db, key, cells, parts, names))

    def take(
        self, record: SweepRecord, cells: Sequence[Cell], samples: Path, rows: Path, scales: Scales | None = None
    ) -> None:
        """Take a whole sweep from two Parquet files, or nothing; one that is there stays.

        samples: sample, truth. rows, by condition, member and sample: the columns of `sweep_result` but its key, or
        with `scales` those that `packed_rows.packed` made.
        """
        columns = "*" if scales is None else packed_rows.expressions(scales)

        def change(db: DuckDBPyConnection) -> None:
            if find(db, record.sweep_id):
                return
            key = insert(db, record)
            put = f"INSERT INTO sweep_sample SELECT {key}, sample, truth FROM {parquet.SOURCE} ORDER BY sample"  # noqa: S608
            db.execute(put, [[str(samples)]])
            put = f"INSERT INTO sweep_result BY NAME SELECT {key} AS sweep_key, {columns} FROM {parquet.SOURCE}"  # noqa: S608
            db.execute(put, [[str(rows)]])
            _put_cells(db, key, cells)

        self._access.write(change)

    def cells(self, sweep_id: str) -> list[Cell]:
        """Those that are there, by condition and member."""
        key = self._known(sweep_id)[1]
        query = f"SELECT {', '.join(_CELL)} FROM sweep_cell WHERE sweep_key = ? ORDER BY condition, member"  # noqa: S608
        with self._access.read() as db:
            rows = db.execute(query, [key]).fetchall()
        return [_cell(row) for row in rows]

    def filled(self, sweep_id: str) -> tuple[int, int]:
        """How many cells are done and how many failed; cheap, so that what follows from them can be kept elsewhere."""
        query = """SELECT count(*) FILTER (state = 'done'), count(*) FILTER (state = 'failed')
                   FROM sweep_cell JOIN sweep USING (sweep_key) WHERE sweep_id = ?"""
        with self._access.read() as db:
            done, failed = db.execute(query, [sweep_id]).fetchall()[0]
        return int(done), int(failed)


def _write(db: DuckDBPyConnection, record: SweepRecord, samples: np.ndarray, truth: np.ndarray) -> SweepRecord:
    if before := find(db, record.sweep_id):
        return before[0]
    key = insert(db, record)
    query = f"INSERT INTO sweep_sample SELECT {key}, unnest(?::INTEGER[]), nullif(unnest(?::SMALLINT[]), -1)"
    db.execute(query, [np.asarray(samples).tolist(), np.asarray(truth).tolist()])
    return found(db, record.sweep_id)[0]


def _check(
    db: DuckDBPyConnection, what: str, cells: Sequence[Cell], parts: Sequence[tuple[Path, int, int]], names: list[str]
) -> None:
    rows: dict[tuple[int, int], int] = {}
    counted = (
        dict(db.execute("SELECT file_name, num_rows FROM parquet_file_metadata(?::VARCHAR[])", [names]).fetchall())
        if names
        else {}
    )
    for name, (_, member, condition) in zip(names, parts, strict=True):
        rows[member, condition] = rows.get((member, condition), 0) + counted[name]
    for cell in cells:
        there = rows.get((cell.member, cell.condition), 0)
        if cell.state == "done" and there != cell.samples:
            raise BadTable(f"{what} cannot be taken: one has {there:,} rows, expected {cell.samples:,}. Run it again.")


def _add(
    db: DuckDBPyConnection,
    key: int,
    cells: Sequence[Cell],
    parts: Sequence[tuple[Path, int, int]],
    names: list[str],
) -> None:
    known = db.execute("SELECT member, condition FROM sweep_cell WHERE sweep_key = ? AND state = 'done'", [key])
    there = set(known.fetchall())
    for cell in cells:
        if (cell.member, cell.condition) in there:
            query = "DELETE FROM sweep_result WHERE sweep_key = ? AND member = ? AND condition = ?"
            db.execute(query, [key, cell.member, cell.condition])
    if names:
        columns = ", ".join(c if c not in VALUES else f"nullif({c}::FLOAT, 'nan'::FLOAT) AS {c}" for c in _ROW)
        query = f"""
            INSERT INTO sweep_result BY NAME
            SELECT {key} AS sweep_key, member, condition, {columns}
            FROM read_parquet(?::VARCHAR[], hive_partitioning = false, filename = true)
                 JOIN (SELECT unnest(?::VARCHAR[]) AS filename, unnest(?::SMALLINT[]) AS member,
                              unnest(?::SMALLINT[]) AS condition) USING (filename)
            ORDER BY condition, member, sample"""  # noqa: S608  names and a number of ours
        db.execute(query, [names, names, [m for _, m, _ in parts], [c for _, _, c in parts]])
    _put_cells(db, key, cells)


def _put_cells(db: DuckDBPyConnection, key: int, cells: Sequence[Cell]) -> None:
    if not cells:
        return
    given = [cell.to_json() for cell in cells]
    columns = [[json.dumps(c[name]) if name in _LISTS else c[name] for c in given] for name in _CELL]
    asked = ", ".join(f"unnest(?::{kind}[])" for kind in _CELL.values())
    query = f"INSERT OR REPLACE INTO sweep_cell (sweep_key, {', '.join(_CELL)}) SELECT {key}, {asked}"
    db.execute(query, columns)


def _cell(row: Sequence[Any]) -> Cell:
    values = dict(zip(_CELL, row, strict=True))
    return Cell.from_json(values | {name: json.loads(values[name]) for name in _LISTS})
