"""Named sets of samples: every chart, gallery and table makes them and reads them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, get_args

import numpy as np
from duckdb import DuckDBPyConnection

from analysis.errors import BadParameter, UnknownSelection
from analysis.records import Combination, DatasetRecord, Filter, Selection
from analysis.store import datasets, filters, scans
from analysis.store.access import Access
from analysis.store.names import checked_name
from analysis.store.rows import columns, first_row, from_row, insert, select, to_row
from analysis.store.scans import Scan

if TYPE_CHECKING:  # slow to import
    import pyarrow

_COLUMNS = columns(Selection)
_PUT = insert("selection", ("selection_key", *_COLUMNS))
_GET = select("selection", _COLUMNS)
_COMBINED: dict[str, str] = {"and": "INTERSECT", "or": "UNION", "not": "EXCEPT"}


class Selections:
    """The workspace's selections."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def all(self, dataset_id: str | None = None) -> list[Selection]:
        """By name."""
        query = f"{_GET} WHERE ?::VARCHAR IS NULL OR dataset_id = ? ORDER BY lower(name), selection_id"
        with self._access.read() as db:
            return [from_row(Selection, _COLUMNS, r) for r in db.execute(query, [dataset_id, dataset_id]).fetchall()]

    def one(self, selection_id: str) -> Selection:
        """UnknownSelection if it is not there."""
        with self._access.read() as db:
            return _get(db, selection_id)

    def save(
        self, name: str, which: Filter | Sequence[int] | np.ndarray, dataset_id: str, made_from: str = ""
    ) -> Selection:
        """Keep a set of samples: those a filter takes now, or these.

        BadName if the name is empty or taken, BadParameter for samples that the dataset has not.
        """
        with self._access.read() as db:
            dataset = datasets.get(db, dataset_id)
            if isinstance(which, Filter) and which.dataset_id != dataset.dataset_id:
                raise BadParameter(f"The filter is of another dataset than '{dataset.name}'.")
            members = _members(db, which, dataset)
        return self._access.write(lambda db: _write(db, name, dataset.dataset_id, members, made_from))

    def rename(self, selection_id: str, name: str) -> Selection:
        """UnknownSelection, or BadName."""

        def change(db: DuckDBPyConnection) -> Selection:
            found = _get(db, selection_id)
            new = checked_name("selection", name, _names(db, but=selection_id))
            db.execute("UPDATE selection SET name = ? WHERE selection_id = ?", [new, found.selection_id])
            return _get(db, selection_id)

        return self._access.write(change)

    def combine(self, name: str, first: str, how: Combination, second: str) -> Selection:
        """Two selections of one dataset, given by their ids, as a third."""
        if how not in get_args(Combination):
            raise BadParameter(f"Selections are combined by {', '.join(get_args(Combination))}, not by '{how}'.")
        return self._access.write(lambda db: _combine(db, name, first, how, second))

    def delete(self, selection_id: str) -> None:
        """UnknownSelection if it is not there."""

        def change(db: DuckDBPyConnection) -> None:
            db.execute("DELETE FROM selection_member WHERE selection_key = ?", [_key(db, selection_id)])
            db.execute("DELETE FROM selection WHERE selection_id = ?", [selection_id])

        self._access.write(change)

    def ids(self, selection_id: str) -> np.ndarray:
        """(n,) int32, ascending."""
        with self._access.read() as db:
            return np.sort(scans.samples(db, Scan("selection_member", _key(db, selection_id))))

    def export(self, selection_id: str) -> pyarrow.Table:
        """A row a sample, as Samples.table makes them without a pass."""
        from analysis.store.tables import table

        with self._access.read() as db:
            given = Filter(_get(db, selection_id).dataset_id, selection_id=selection_id)
            return table(db, filters.planned(db, given), None)


def _get(db: DuckDBPyConnection, selection_id: str) -> Selection:
    row = first_row(db, f"{_GET} WHERE selection_id = ?", [selection_id])
    if row is None:
        raise UnknownSelection(f"There is no selection '{selection_id}' any more. Choose another one.")
    return from_row(Selection, _COLUMNS, row)


def _key(db: DuckDBPyConnection, selection_id: str) -> int:
    _get(db, selection_id)
    query = "SELECT selection_key FROM selection WHERE selection_id = ?"
    return db.execute(query, [selection_id]).fetchall()[0][0]


def _names(db: DuckDBPyConnection, but: str = "") -> list[str]:
    return [n for (n,) in db.execute("SELECT name FROM selection WHERE selection_id <> ?", [but]).fetchall()]


def _members(db: DuckDBPyConnection, which: Filter | Sequence[int] | np.ndarray, dataset: DatasetRecord) -> np.ndarray:
    """(n,) int32, each once, ascending."""
    if isinstance(which, Filter):
        return filters.places(db, filters.planned(db, which)).astype(np.int32)
    given = np.asarray(which)
    if given.size and given.dtype.kind not in "iu":
        raise BadParameter(f"A selection takes samples by their whole numbers, got {given.dtype}.")
    members = np.unique(given.reshape(-1))
    if members.size and (members[0] < 0 or members[-1] >= dataset.size):
        wrong = members[0] if members[0] < 0 else members[-1]
        raise BadParameter(f"'{dataset.name}' has no sample {wrong}: they go from 0 to {dataset.size - 1}.")
    return members.astype(np.int32)


def _put(db: DuckDBPyConnection, name: str, dataset_id: str, size: int, made_from: str) -> tuple[Selection, int]:
    name = checked_name("selection", name, _names(db))
    taken = {i for (i,) in db.execute("SELECT selection_id FROM selection").fetchall()}
    selection_id = secrets.token_hex(4)
    while selection_id in taken:
        selection_id = secrets.token_hex(4)
    found = Selection(selection_id, name, dataset_id, size, made_from, datetime.now(UTC))
    key = datasets.new_key(db)
    db.execute(_PUT, [key, *to_row(found)])
    return found, key


def _write(db: DuckDBPyConnection, name: str, dataset_id: str, members: np.ndarray, made_from: str) -> Selection:
    import pyarrow as pa

    datasets.get(db, dataset_id)  # deleted meanwhile: nothing is kept
    found, key = _put(db, name, dataset_id, len(members), made_from)
    db.register("given_members", pa.table({"sample": pa.array(members)}))
    try:
        db.execute("INSERT INTO selection_member SELECT ?::INTEGER, sample FROM given_members", [key])
    finally:
        db.unregister("given_members")
    return found


def _combine(db: DuckDBPyConnection, name: str, first: str, how: Combination, second: str) -> Selection:
    one, two = _get(db, first), _get(db, second)
    if one.dataset_id != two.dataset_id:
        raise BadParameter(f"'{one.name}' and '{two.name}' are of different datasets. Combine two of the same one.")
    words = {"and": "both in", "or": "in", "not": "in"}[how]
    joint = {"and": "and in", "or": "or in", "not": "but not in"}[how]
    found, key = _put(db, name, one.dataset_id, 0, f"{words} '{one.name}' {joint} '{two.name}'")
    part = "SELECT sample FROM selection_member WHERE selection_key = ?"
    joined = f"{part} {_COMBINED[how]} {part}"
    query = f"INSERT INTO selection_member SELECT ?::INTEGER, sample FROM ({joined}) ORDER BY sample"  # noqa: S608  ours
    db.execute(query, [key, _key(db, first), _key(db, second)])
    size = "(SELECT count(*) FROM selection_member WHERE selection_key = ?)"
    db.execute(f"UPDATE selection SET size = {size} WHERE selection_id = ?", [key, found.selection_id])  # noqa: S608
    return _get(db, found.selection_id)
