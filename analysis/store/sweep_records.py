"""What a sweep is, as a row of the table `sweep`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from analysis.store.datasets import new_key
from analysis.store.names import checked_name, free_name
from analysis.store.times import from_column, to_column
from analysis.sweeps import SweepRecord
from models.errors import UnknownName

_FIELDS = tuple(f.name for f in fields(SweepRecord))
COLUMNS = ", ".join(f'"{name}"' for name in _FIELDS)
"""Of the table, in the order of a record's fields."""

_JSON = ("class_names", "members", "conditions", "image_size", "remarks", "params")


def find(db: DuckDBPyConnection, sweep_id: str) -> tuple[SweepRecord, int] | None:
    """The sweep with this id, and the number that stands for it in the other tables."""
    query = f"SELECT {COLUMNS}, sweep_key FROM sweep WHERE sweep_id = ?"  # noqa: S608  names of ours
    rows = db.execute(query, [sweep_id]).fetchall()
    return (from_columns(rows[0][:-1]), rows[0][-1]) if rows else None


def found(db: DuckDBPyConnection, sweep_id: str) -> tuple[SweepRecord, int]:
    """The same; UnknownName where there is none."""
    sweep = find(db, sweep_id)
    if sweep is None:
        names = [n for (n,) in db.execute("SELECT sweep_id FROM sweep").fetchall()]
        raise UnknownName("sweep", sweep_id, names)
    return sweep


def insert(db: DuckDBPyConnection, record: SweepRecord) -> int:
    """A new row -> its number. The name gets a number behind it where it is taken."""
    key = new_key(db)
    taken = [n for (n,) in db.execute("SELECT name FROM sweep").fetchall()]
    record = replace(record, name=free_name(checked_name("sweep", record.name), taken))
    values = asdict(record) | {"computed_at": to_column(record.computed_at or datetime.now(UTC))}
    packed = [json.dumps(values[n]) if n in _JSON else values[n] for n in _FIELDS]
    marks = ", ".join("?" * (len(_FIELDS) + 1))
    db.execute(f"INSERT INTO sweep ({COLUMNS}, sweep_key) VALUES ({marks})", [*packed, key])  # noqa: S608
    return key


def from_columns(row: Sequence[Any]) -> SweepRecord:
    """From the values of COLUMNS."""
    values = dict(zip(_FIELDS, row, strict=True))
    values |= {name: json.loads(values[name]) for name in _JSON}
    return SweepRecord.from_json(values | {"computed_at": from_column(values["computed_at"])})
