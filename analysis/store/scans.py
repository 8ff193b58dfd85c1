"""Columns of the large tables as arrays that have one place for each sample of a dataset.

Rows of different tables belong together by the sample's number alone. One table is scanned in a few milliseconds
where a join of two with a million rows takes a hundred, so each is scanned by itself and they meet as arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from duckdb import DuckDBPyConnection

Table = Literal["sample", "sample_result", "selection_member"]

_KEYS = {"sample": "dataset_key", "sample_result": "pass_key", "selection_member": "selection_key"}
_EMPTY = {
    "label": (np.int32, "label", -1),
    "prediction": (np.int32, "prediction", -1),
    "truth": (np.int32, "coalesce(truth, -1)", -1),
    "correct": (np.int8, "coalesce(correct::TINYINT, -1::TINYINT)", -1),
    "name_rank": (np.int32, "name_rank", -1),
}


@dataclass(frozen=True, slots=True)
class Scan:
    """The rows of one dataset, pass or selection that meet all conditions, whose `?` stand for the values."""

    table: Table
    key: int
    conditions: tuple[str, ...] = ()
    values: tuple[object, ...] = ()

    def query(self, what: str) -> tuple[str, list[object]]:
        """SQL with its values; what: an expression of ours."""
        where = " AND ".join((f"{_KEYS[self.table]} = ?", *self.conditions))
        return f"SELECT {what} FROM {self.table} WHERE {where}", [self.key, *self.values]  # noqa: S608  names of ours


def samples(db: DuckDBPyConnection, scan: Scan) -> np.ndarray:
    """(n,) int32 numbers of the samples that meet the conditions, in the order of the table's rows."""
    query, values = scan.query("sample")
    return db.sql(query, params=values).fetchnumpy()["sample"]


def mask(db: DuckDBPyConnection, scan: Scan, size: int) -> np.ndarray:
    """(size,) bool: the samples that meet the conditions."""
    found = np.zeros(size, bool)
    found[samples(db, scan)] = True
    return found


def count(db: DuckDBPyConnection, scan: Scan) -> int:
    query, values = scan.query("count(*)")
    return db.execute(query, values).fetchall()[0][0]


def columns(db: DuckDBPyConnection, table: Table, key: int, names: Sequence[str], size: int) -> list[np.ndarray]:
    """(size,) each. Whole numbers are -1 where there is none (correct: 0, 1 or -1), the others float32 and nan."""
    read = [_EMPTY.get(name, (np.float32, f"coalesce({name}, 'nan'::FLOAT)", np.nan)) for name in names]
    expressions = ", ".join(f"{expression} AS c{i}" for i, (_, expression, _) in enumerate(read))
    query, values = Scan(table, key).query(f"sample, {expressions}")
    found = db.sql(query, params=values).fetchnumpy()
    places = found["sample"]
    if len(places) == size and bool((places == np.arange(size, dtype=places.dtype)).all()):
        return [found[f"c{i}"] for i in range(len(names))]
    arrays = [np.full(size, empty, kind) for kind, _, empty in read]
    for i, array in enumerate(arrays):
        array[places] = found[f"c{i}"]
    return arrays
