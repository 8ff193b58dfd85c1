"""Records as rows: a field is a column of the same name; lists and mappings are JSON, times UTC without a zone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from duckdb import DuckDBPyConnection

from analysis.store.times import from_column, to_column

R = TypeVar("R")


def columns(kind: type, *without: str) -> tuple[str, ...]:
    """The columns of a record's table, in the order of its fields."""
    return tuple(f.name for f in fields(kind) if f.name not in without)


def first_row(db: DuckDBPyConnection, query: str, values: Sequence[Any]) -> tuple[Any, ...] | None:
    """The first row, or None. All are fetched: DuckDB 2 refuses a relation on a cursor that has rows waiting."""
    found = db.execute(query, list(values)).fetchall()
    return found[0] if found else None


def insert(table: str, names: Sequence[str]) -> str:
    """SQL that puts a row in the place of one with the same key; its values are bound in the order of the names."""
    return f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608


def select(table: str, names: Sequence[str]) -> str:
    """SQL that gives these columns of all rows."""
    return f"SELECT {', '.join(names)} FROM {table}"  # noqa: S608  names of ours


def to_row(record: Any, *without: str) -> list[Any]:
    """The values of a record's fields as columns take them."""
    return [_packed(getattr(record, name)) for name in columns(type(record), *without)]


def from_row(kind: type[R], names: Sequence[str], row: Sequence[Any]) -> R:
    """The record whose fields `names` have these values."""
    hints = _hints(kind)
    return kind(**{name: _unpacked(value, hints[name]) for name, value in zip(names, row, strict=True)})


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _packed(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_column(value)
    if isinstance(value, Mapping):
        return json.dumps(dict(value))  # in the order given, which says which are most frequent
    return json.dumps(value) if isinstance(value, tuple) else value


def _unpacked(value: Any, hint: Any) -> Any:
    if isinstance(value, datetime):
        return from_column(value)
    if isinstance(value, str) and get_origin(hint) is tuple:
        pairs = any(get_origin(part) is tuple for part in get_args(hint))
        return tuple(tuple(v) if pairs else v for v in json.loads(value))
    return json.loads(value) if isinstance(value, str) and get_origin(hint) is Mapping else value
