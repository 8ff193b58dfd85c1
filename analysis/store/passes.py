"""Passes: a record, and what a classifier said of each sample, taken from the parts that the pass wrote."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from duckdb import DuckDBPyConnection

from analysis.errors import BadTable
from analysis.records import NUMBERS, PassRecord
from analysis.store import folders, parquet
from analysis.store.access import Access
from analysis.store.datasets import get as get_dataset
from analysis.store.datasets import new_key
from analysis.store.names import checked_id
from analysis.store.rows import columns, first_row, from_row, insert, select, to_row

_COLUMNS = columns(PassRecord)
_KEPT = columns(PassRecord, "dataset_name")
_PLAIN = ("sample", "truth", "prediction", "correct", "top_classes", "top_probabilities")
_PUT = insert("pass", ("pass_key", *_KEPT))
_FROM = "pass JOIN dataset USING (dataset_id)"
_NAMED = ["dataset.name" if column == "dataset_name" else f"pass.{column}" for column in _COLUMNS]
_GET = select(_FROM, _NAMED)
_FIND = f"{select(_FROM, ['pass_key', *_NAMED])} WHERE pass_id = ?"
# Not a number is no number: DuckDB holds NaN for larger than all others, so that ranges would take it.
_TAKE = f"""
    INSERT INTO sample_result BY NAME
    SELECT ?::INTEGER AS pass_key, {", ".join(_PLAIN)},
           {", ".join(f"nullif({n}::FLOAT, 'nan'::FLOAT) AS {n}" for n in NUMBERS)}
    FROM {parquet.SOURCE} ORDER BY sample"""  # noqa: S608  names of ours


class Passes:
    """What is known of the passes over the workspace's datasets."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def save(self, record: PassRecord, parts: Sequence[Path]) -> None:
        """Keep a pass and the results of all its samples, or nothing; one with the same id gives way.

        parts: Parquet files with the columns of the table `sample_result`, each sample in one row of one of them.
        UnknownName if its dataset is not there, BadTable if the parts are not what the record says.
        """
        checked_id("pass", record.pass_id)
        with self._access.read() as db:
            names = _checked(db, record, parts)
        self._access.write(lambda db: _write(db, record, names))

    def all(self, dataset_id: str | None = None, model_id: str | None = None) -> list[PassRecord]:
        """The latest first."""
        query = f"""{_GET} WHERE (?::VARCHAR IS NULL OR pass.dataset_id = ?) AND (?::VARCHAR IS NULL OR model_id = ?)
                    ORDER BY computed_at DESC, pass_id"""
        with self._access.read() as db:
            rows = db.execute(query, [dataset_id, dataset_id, model_id, model_id]).fetchall()
        return [from_row(PassRecord, _COLUMNS, row) for row in rows]

    def one(self, pass_id: str) -> PassRecord | None:
        with self._access.read() as db:
            row = found(db, pass_id)
        return row[0] if row else None

    def delete(self, pass_id: str) -> None:
        """Remove it with its results, what was measured of it, and its folders. One that is not there is gone."""
        checked_id("pass", pass_id)
        self._access.write(lambda db: drop(db, [pass_id]))
        folders.remove_pass(self._access.workspace, pass_id)


def found(db: DuckDBPyConnection, pass_id: str) -> tuple[PassRecord, int] | None:
    """The pass with this id, and the number that stands for it in the table `sample_result`."""
    row = first_row(db, _FIND, [pass_id])
    return None if row is None else (from_row(PassRecord, _COLUMNS, row[1:]), row[0])


def drop(db: DuckDBPyConnection, pass_ids: Sequence[str]) -> None:
    """Remove the rows of passes."""
    for pass_id in pass_ids:
        query = "DELETE FROM sample_result WHERE pass_key IN (SELECT pass_key FROM pass WHERE pass_id = ?)"
        db.execute(query, [pass_id])
        db.execute("DELETE FROM geometry_score WHERE ? IN (pass_id, other_pass)", [pass_id])
        db.execute("DELETE FROM pass WHERE pass_id = ?", [pass_id])


def _checked(db: DuckDBPyConnection, record: PassRecord, parts: Sequence[Path]) -> list[str]:
    dataset = get_dataset(db, record.dataset_id)
    what = f"The pass of '{record.model_name}' over '{dataset.name}'"
    names = parquet.described(db, what, parts, (*_PLAIN, *NUMBERS))
    asked = parquet.PLACES | {
        "low": "min(prediction)",
        "high": "max(prediction)",
        "nulls": "count(*) - count(prediction)",
    }
    found = parquet.numbers(db, what, names, asked)
    parquet.checked_places(what, found, record.samples, dataset.size)
    if record.samples and (found["nulls"] or found["low"] < 0 or found["high"] >= len(record.class_names)):
        raise BadTable(
            f"{what} cannot be taken: its predictions go from {found['low']} to {found['high']}, {found['nulls']:,} "
            f"are missing; expected 0 to {len(record.class_names) - 1}, for {len(record.class_names)} classes."
        )
    return names


def _write(db: DuckDBPyConnection, record: PassRecord, names: list[str]) -> None:
    dataset = get_dataset(db, record.dataset_id)  # UnknownName where it was deleted meanwhile: nothing is kept
    before = found(db, record.pass_id)
    key = before[1] if before else new_key(db)
    if before:
        db.execute("DELETE FROM sample_result WHERE pass_key = ?", [key])
    db.execute(_PUT, [key, *to_row(replace(record, dataset_id=dataset.dataset_id), "dataset_name")])
    db.execute(_TAKE, [key, names])
