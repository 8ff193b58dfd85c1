"""Sweeps: records, cells, and a row a sample for each cell, read back as arrays and sums that have one place a cell.

The rows lie in the order in which cells were taken, each cell's together and by sample, so that a cell is found by
the table's own ranges without an index.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from duckdb import DuckDBPyConnection

from analysis.errors import BadParameter, BadTable
from analysis.store import parquet
from analysis.store.access import Access
from analysis.store.datasets import new_key
from analysis.store.names import checked_id, checked_name, free_name
from analysis.store.times import from_column, to_column
from analysis.sweeps import GEOMETRY, VALUES, Cell, Grouped, SweepRecord
from models.errors import UnknownName

if TYPE_CHECKING:  # slow to import
    import pyarrow

_FIELDS = tuple(f.name for f in fields(SweepRecord))
_COLUMNS = ", ".join(f'"{name}"' for name in _FIELDS)
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
_JSON = ("class_names", "members", "conditions", "image_size", "remarks", "params")
_ROW = ("sample", "prediction", "correct", *VALUES)
_SPREAD = (*GEOMETRY, "confidence")


class Sweeps:
    """What is known of sweeps."""

    def __init__(self, access: Access) -> None:
        self._access = access

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
        query = f"""SELECT {_COLUMNS} FROM sweep WHERE ?::VARCHAR IS NULL OR dataset_id = ?
                    ORDER BY computed_at DESC, sweep_id"""  # noqa: S608  names of ours
        with self._access.read() as db:
            return [_record(row) for row in db.execute(query, [dataset_id, dataset_id]).fetchall()]

    def one(self, sweep_id: str) -> SweepRecord | None:
        with self._access.read() as db:
            found = _find(db, sweep_id)
        return found[0] if found else None

    def rename(self, sweep_id: str, name: str) -> None:
        """UnknownName, or BadName."""

        def change(db: DuckDBPyConnection) -> None:
            key = _found(db, sweep_id)[1]
            taken = [n for (n,) in db.execute("SELECT name FROM sweep WHERE sweep_key <> ?", [key]).fetchall()]
            db.execute("UPDATE sweep SET name = ? WHERE sweep_key = ?", [checked_name("sweep", name, taken), key])

        self._access.write(change)

    def delete(self, sweep_id: str) -> None:
        """Remove it with all its rows. One that is not there is gone already."""

        def change(db: DuckDBPyConnection) -> None:
            if found := _find(db, sweep_id):
                for table in ("sweep_result", "sweep_sample", "sweep_cell", "sweep"):
                    db.execute(f"DELETE FROM {table} WHERE sweep_key = ?", [found[1]])  # noqa: S608  names of ours

        self._access.write(change)

    def add(self, sweep_id: str, cells: Sequence[Cell], parts: Sequence[tuple[Path, int, int]]) -> None:
        """Take cells with their rows, or nothing; cells that were there give way.

        parts: (Parquet file, member, condition) with the columns sample, prediction, correct and VALUES; a cell may
        have several. Every done cell must come with its rows: BadTable if not.
        """
        found = self._known(sweep_id)
        with self._access.read() as db:
            what = f"The cells of the sweep '{found[0].name}'"
            names = parquet.described(db, what, [path for path, _, _ in parts], _ROW) if parts else []
            _check(db, what, cells, parts, names)
        self._access.write(lambda db: _add(db, found[1], cells, parts, names))

    def take(self, record: SweepRecord, cells: Sequence[Cell], samples: Path, rows: Path, query: str) -> None:
        """Take a whole sweep from two Parquet files, or nothing; one that is there stays.

        samples: sample, truth. query: the columns member, condition, prediction and so on, as SQL expressions over
        those of `rows`, in the order of the rows' table.
        """

        def change(db: DuckDBPyConnection) -> None:
            if _find(db, record.sweep_id):
                return
            key = _insert(db, record)
            put = f"INSERT INTO sweep_sample SELECT {key}, sample, truth FROM {parquet.SOURCE} ORDER BY sample"  # noqa: S608
            db.execute(put, [[str(samples)]])
            put = f"INSERT INTO sweep_result BY NAME SELECT {key} AS sweep_key, {query} FROM {parquet.SOURCE}"  # noqa: S608
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

    def truth(self, sweep_id: str) -> tuple[np.ndarray, np.ndarray]:
        """The samples (N,) int32 ascending, and their classes (N,) int16, -1 where unknown."""
        key = self._known(sweep_id)[1]
        query = """SELECT sample, coalesce(truth, -1::SMALLINT) AS truth FROM sweep_sample
                   WHERE sweep_key = ? ORDER BY sample"""
        with self._access.read() as db:
            found = db.sql(query, params=[key]).fetchnumpy()
        return np.asarray(found["sample"]), np.asarray(found["truth"])

    def values(
        self,
        sweep_id: str,
        names: Sequence[str],
        *,
        members: Sequence[int],
        conditions: Sequence[int],
        samples: Sequence[int] | np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Columns as (M, C, S) arrays, in the order asked for; samples ascending, None for all of the sweep.

        float32 with nan where there is none; "prediction" int16 and "correct" int8, -1 where there is none.
        """
        _check_columns(names)
        key = self._known(sweep_id)[1]
        places = self.truth(sweep_id)[0] if samples is None else np.unique(np.asarray(samples, dtype=np.int32))
        shape = (len(members), len(conditions), len(places))
        arrays = {n: _empty(n, shape) for n in names}
        if not all(shape):
            return arrays
        columns = ", ".join(f"{_expression(n)} AS {n}" for n in names)
        query = f"""SELECT member, condition, sample, {columns} FROM sweep_result
                    WHERE sweep_key = ? AND {_among("member", members)} AND {_among("condition", conditions)}
                    {_sampled(samples)}"""  # noqa: S608  names and numbers of ours
        given = [key] + ([places.tolist()] if samples is not None else [])
        with self._access.read() as db:
            found = db.sql(query, params=given).fetchnumpy()
        at = [_lookup(members)[found["member"]], _lookup(conditions)[found["condition"]]]
        at.append(np.searchsorted(places, found["sample"]))
        for name in names:
            arrays[name][tuple(at)] = found[name]
        return arrays

    def grouped(
        self,
        sweep_id: str,
        *,
        members: Sequence[int],
        conditions: Sequence[int],
        samples: Sequence[int] | np.ndarray | None = None,
    ) -> Grouped:
        """Sums over the samples given (None: all) of each cell."""
        key = self._known(sweep_id)[1]
        shape = (len(members), len(conditions))
        sums = ", ".join([f"avg({n}) AS mean_{n}" for n in VALUES] + [f"var_pop({n}) AS variance_{n}" for n in _SPREAD])
        query = f"""SELECT member, condition, count(*) AS n, coalesce(sum(correct::INTEGER), 0)::BIGINT AS correct,
                           count(correct) AS known, {sums}
                    FROM sweep_result
                    WHERE sweep_key = ? AND {_among("member", members)} AND {_among("condition", conditions)}
                    {_sampled(samples)} GROUP BY member, condition"""  # noqa: S608  names and numbers of ours
        given = [key] + ([np.unique(np.asarray(samples)).tolist()] if samples is not None else [])
        with self._access.read() as db:
            found = db.sql(query, params=given).fetchnumpy()
        at = _lookup(members)[found["member"]], _lookup(conditions)[found["condition"]]

        def laid(column: str, empty: float, kind: type) -> np.ndarray:
            made = np.full(shape, empty, kind)
            made[at] = np.ma.filled(np.ma.asarray(found[column]), empty)
            return made

        return Grouped(
            samples=laid("known", 0, np.int64),
            correct=laid("correct", 0, np.int64),
            means={n: laid(f"mean_{n}", np.nan, np.float64) for n in VALUES},
            variances={n: laid(f"variance_{n}", np.nan, np.float64) for n in _SPREAD},
        )

    def histograms(
        self,
        sweep_id: str,
        number: str,
        edges: Sequence[float],
        *,
        members: Sequence[int],
        conditions: Sequence[int],
        samples: Sequence[int] | np.ndarray | None = None,
    ) -> np.ndarray:
        """(M, C, B) int64 for B + 1 evenly spaced edges; what lies outside counts for the bins at the ends."""
        _check_columns([number])
        key, bins = self._known(sweep_id)[1], len(edges) - 1
        low, high = float(edges[0]), float(edges[-1])
        if bins < 1 or not high > low:
            raise BadParameter(f"A histogram needs at least two edges that go up; got {list(edges)[:5]}.")
        query = f"""SELECT member, condition,
                           greatest(0, least({bins - 1}, floor(({number} - ?) * ?)::INTEGER)) AS bin, count(*) AS n
                    FROM sweep_result
                    WHERE sweep_key = ? AND {_among("member", members)} AND {_among("condition", conditions)}
                          AND {number} IS NOT NULL {_sampled(samples)}
                    GROUP BY ALL"""  # noqa: S608  names and numbers of ours
        given: list[Any] = [low, bins / (high - low), key]
        given += [np.unique(np.asarray(samples)).tolist()] if samples is not None else []
        with self._access.read() as db:
            found = db.sql(query, params=given).fetchnumpy()
        made = np.zeros((len(members), len(conditions), bins), np.int64)
        made[_lookup(members)[found["member"]], _lookup(conditions)[found["condition"]], found["bin"]] = found["n"]
        return made

    def ranges(self, sweep_id: str, names: Sequence[str], *, tails: float = 0.0) -> dict[str, tuple[float, float]]:
        """The least and the most of each number over the whole sweep; nan where there is none.

        tails: the part of the samples that is left out at either end; the rest is then found within about a percent.
        """
        _check_columns(names)
        key = self._known(sweep_id)[1]
        bounds = (
            f"approx_quantile({{0}}, {tails}), approx_quantile({{0}}, {1 - tails})" if tails else "min({0}), max({0})"
        )
        asked = ", ".join(bounds.format(n) for n in names)
        with self._access.read() as db:
            row = db.execute(f"SELECT {asked} FROM sweep_result WHERE sweep_key = ?", [key]).fetchall()[0]  # noqa: S608
        found = [float("nan") if v is None else float(v) for v in row]
        return {n: (found[2 * i], found[2 * i + 1]) for i, n in enumerate(names)}

    def table(self, sweep_id: str, samples: Sequence[int] | np.ndarray | None = None) -> pyarrow.Table:
        """A row a sample of each cell: model, corruption, severity, sample, truth, prediction (class names),
        confidence, correct, loss, angle, length, margin; by condition, member and sample.
        """
        record, key = self._known(sweep_id)
        query = f"""
            WITH m AS (SELECT unnest(?::VARCHAR[]) AS model, generate_subscripts(?::VARCHAR[], 1) - 1 AS member),
                 c AS (SELECT unnest(?::VARCHAR[]) AS corruption, unnest(?::INTEGER[]) AS severity,
                              generate_subscripts(?::INTEGER[], 1) - 1 AS condition),
                 k AS (SELECT unnest(?::VARCHAR[]) AS class, generate_subscripts(?::VARCHAR[], 1) - 1 AS number)
            SELECT model, corruption, severity, r.sample, t.class AS truth, p.class AS prediction, confidence, correct,
                   loss, angle, length, margin
            FROM sweep_result r JOIN m USING (member) JOIN c USING (condition)
                 JOIN sweep_sample s ON s.sweep_key = r.sweep_key AND s.sample = r.sample
                 LEFT JOIN k t ON t.number = s.truth LEFT JOIN k p ON p.number = r.prediction
            WHERE r.sweep_key = ? {_sampled(samples, "r.sample")}
            ORDER BY condition, member, r.sample"""  # noqa: S608  names of ours
        models, names = [m.name for m in record.members], list(record.class_names)
        what = [c.corruption for c in record.conditions]
        severity = [c.severity for c in record.conditions]
        given: list[Any] = [models, models, what, severity, severity, names, names, key]
        given += [np.unique(np.asarray(samples)).tolist()] if samples is not None else []
        with self._access.read() as db:
            return db.sql(query, params=given).to_arrow_table()

    def _known(self, sweep_id: str) -> tuple[SweepRecord, int]:
        with self._access.read() as db:
            return _found(db, sweep_id)


def _find(db: DuckDBPyConnection, sweep_id: str) -> tuple[SweepRecord, int] | None:
    query = f"SELECT {_COLUMNS}, sweep_key FROM sweep WHERE sweep_id = ?"  # noqa: S608  names of ours
    rows = db.execute(query, [sweep_id]).fetchall()
    return (_record(rows[0][:-1]), rows[0][-1]) if rows else None


def _found(db: DuckDBPyConnection, sweep_id: str) -> tuple[SweepRecord, int]:
    found = _find(db, sweep_id)
    if found is None:
        names = [n for (n,) in db.execute("SELECT sweep_id FROM sweep").fetchall()]
        raise UnknownName("sweep", sweep_id, names)
    return found


def _insert(db: DuckDBPyConnection, record: SweepRecord) -> int:
    key = new_key(db)
    taken = [n for (n,) in db.execute("SELECT name FROM sweep").fetchall()]
    record = replace(record, name=free_name(checked_name("sweep", record.name), taken))
    values = asdict(record) | {"computed_at": to_column(record.computed_at or datetime.now(UTC))}
    packed = [json.dumps(values[n]) if n in _JSON else values[n] for n in _FIELDS]
    marks = ", ".join("?" * (len(_FIELDS) + 1))
    db.execute(f"INSERT INTO sweep ({_COLUMNS}, sweep_key) VALUES ({marks})", [*packed, key])  # noqa: S608
    return key


def _write(db: DuckDBPyConnection, record: SweepRecord, samples: np.ndarray, truth: np.ndarray) -> SweepRecord:
    if found := _find(db, record.sweep_id):
        return found[0]
    key = _insert(db, record)
    query = f"INSERT INTO sweep_sample SELECT {key}, unnest(?::INTEGER[]), nullif(unnest(?::SMALLINT[]), -1)"
    db.execute(query, [np.asarray(samples).tolist(), np.asarray(truth).tolist()])
    return _found(db, record.sweep_id)[0]


def _record(row: Sequence[Any]) -> SweepRecord:
    values = dict(zip(_FIELDS, row, strict=True))
    values |= {name: json.loads(values[name]) for name in _JSON}
    return SweepRecord.from_json(values | {"computed_at": from_column(values["computed_at"])})


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


def _check_columns(names: Sequence[str]) -> None:
    for name in names:
        if name not in ("prediction", "correct", *VALUES):
            raise UnknownName("column of a sweep", name, ("prediction", "correct", *VALUES))


def _expression(name: str) -> str:
    if name == "prediction":
        return name
    return "coalesce(correct::TINYINT, -1::TINYINT)" if name == "correct" else f"coalesce({name}, 'nan'::FLOAT)"


def _empty(name: str, shape: tuple[int, ...]) -> np.ndarray:
    kind = {"prediction": np.int16, "correct": np.int8}.get(name)
    return np.full(shape, np.nan, np.float32) if kind is None else np.full(shape, -1, kind)


def _among(column: str, numbers: Sequence[int]) -> str:
    return f"{column} IN ({', '.join(str(int(n)) for n in numbers)})" if len(numbers) else "FALSE"


def _sampled(samples: object, column: str = "sample") -> str:
    return "" if samples is None else f"AND {column} IN (SELECT unnest(?::INTEGER[]))"


def _lookup(numbers: Sequence[int]) -> np.ndarray:
    """From a number to its place among those given."""
    table = np.full(max(numbers, default=0) + 1, -1, np.int64)
    table[np.asarray(numbers, dtype=np.int64)] = np.arange(len(numbers))
    return table
