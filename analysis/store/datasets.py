"""Datasets: a record, and a row for each of its samples, taken from the Parquet file beside its pixels."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from analysis.errors import BadTable
from analysis.records import UNLABELLED, DatasetRecord
from analysis.store import folders, parquet
from analysis.store.access import Access
from analysis.store.names import checked_id, checked_name
from analysis.store.rows import columns, first_row, from_row, insert, select, to_row
from models.errors import UnknownName

_COLUMNS = columns(DatasetRecord)
_SAMPLE = ("sample", "name", "label", "width_px", "height_px", "condition", "digest", "format")
_PUT = insert("dataset", ("dataset_key", *_COLUMNS))
_GET = select("dataset", _COLUMNS)
_FIND = f"""{select("dataset", ("dataset_key", *_COLUMNS))} WHERE dataset_id = ? OR name = ?
            ORDER BY dataset_id = ? DESC LIMIT 1"""
_TAKE = f"""
    INSERT INTO sample BY NAME
    SELECT ?::INTEGER AS dataset_key, {", ".join(_SAMPLE)},
           (row_number() OVER (ORDER BY name, sample) - 1)::INTEGER AS name_rank
    FROM {parquet.SOURCE} ORDER BY sample"""  # noqa: S608  names of ours


class Datasets:
    """What is known of the workspace's datasets."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def save(self, record: DatasetRecord, samples_parquet: Path) -> None:
        """Keep a dataset and all its samples, or nothing; one with the same id gives way and keeps its passes.

        samples_parquet: a row for each sample 0 .. size - 1, columns as in the table `sample`; others are ignored.
        BadName if another dataset has its name, BadTable if the file is not what the record says.
        """
        checked_id("dataset", record.dataset_id)
        with self._access.read() as db:
            names = _checked(db, record, samples_parquet)
        record = replace(record, added_at=record.added_at or datetime.now(UTC))
        self._access.write(lambda db: _write(db, record, names))

    def all(self) -> list[DatasetRecord]:
        """By name."""
        with self._access.read() as db:
            rows = db.execute(f"{_GET} ORDER BY lower(name), dataset_id").fetchall()
        return [from_row(DatasetRecord, _COLUMNS, row) for row in rows]

    def one(self, name_or_id: str) -> DatasetRecord:
        """The dataset with this id or name; UnknownName with near ones."""
        with self._access.read() as db:
            return get(db, name_or_id)

    def rename(self, dataset_id: str, name: str) -> None:
        """UnknownName if it is not there, BadName if the name is empty or taken."""

        def change(db: DuckDBPyConnection) -> None:
            record = get(db, dataset_id)
            new = checked_name("dataset", name, _names(db, but=record.dataset_id))
            db.execute("UPDATE dataset SET name = ? WHERE dataset_id = ?", [new, record.dataset_id])

        self._access.write(change)

    def delete(self, dataset_id: str) -> None:
        """Remove it with all that belongs to it, rows and folders; UnknownName if absent."""
        record, held = self._access.write(lambda db: _drop(db, dataset_id))
        folders.remove(self._access.workspace / "datasets" / record.dataset_id)
        for table, found in held:
            folders.remove(self._access.workspace / folders.HELD[table] / found)
            if table == "pass":
                folders.remove(self._access.workspace / folders.GEOMETRY / found)

    def class_counts(self, dataset_id: str) -> dict[int, int]:
        """Samples by label, UNLABELLED among them where some have none; only labels that occur."""
        query = "SELECT label, count(*) FROM sample WHERE dataset_key = ? GROUP BY label ORDER BY label"
        with self._access.read() as db:
            return dict(db.execute(query, [found(db, dataset_id)[1]]).fetchall())


def get(db: DuckDBPyConnection, name_or_id: str) -> DatasetRecord:
    """The dataset with this id, else with this name; UnknownName with near ones."""
    return found(db, name_or_id)[0]


def found(db: DuckDBPyConnection, name_or_id: str) -> tuple[DatasetRecord, int]:
    """A dataset as `get` finds it, and the number that stands for it in the table `sample`."""
    row = first_row(db, _FIND, [name_or_id] * 3)
    if row is None:
        raise UnknownName("dataset", name_or_id, _names(db))
    return from_row(DatasetRecord, _COLUMNS, row[1:]), row[0]


def new_key(db: DuckDBPyConnection) -> int:
    """A number that no dataset, pass or selection ever had."""
    return db.execute("SELECT nextval('key_sequence')").fetchall()[0][0]


def _names(db: DuckDBPyConnection, but: str = "") -> list[str]:
    return [n for (n,) in db.execute("SELECT name FROM dataset WHERE dataset_id <> ?", [but]).fetchall()]


def _checked(db: DuckDBPyConnection, record: DatasetRecord, path: Path) -> list[str]:
    what = f"The dataset '{record.name}'"
    names = parquet.described(db, what, [path], _SAMPLE)
    asked = parquet.PLACES | {"low": "min(label)", "high": "max(label)", "nulls": "count(*) - count(name || label)"}
    found = parquet.numbers(db, what, names, asked)
    parquet.checked_places(what, found, record.size, record.size)
    if record.size and (found["nulls"] or found["low"] < UNLABELLED or found["high"] >= len(record.class_names)):
        raise BadTable(
            f"{what} cannot be taken: its labels go from {found['low']} to {found['high']}, {found['nulls']:,} are "
            f"missing; expected {UNLABELLED} to {len(record.class_names) - 1}, for {len(record.class_names)} classes."
        )
    return names


def _write(db: DuckDBPyConnection, record: DatasetRecord, names: list[str]) -> None:
    name = checked_name("dataset", record.name, _names(db, but=record.dataset_id))
    before = first_row(db, "SELECT dataset_key FROM dataset WHERE dataset_id = ?", [record.dataset_id])
    key = before[0] if before else new_key(db)
    if before:
        db.execute("DELETE FROM sample WHERE dataset_key = ?", [key])
    db.execute(_PUT, [key, *to_row(replace(record, name=name))])
    db.execute(_TAKE, [key, names])


def _drop(db: DuckDBPyConnection, dataset_id: str) -> tuple[DatasetRecord, list[tuple[str, str]]]:
    record = get(db, dataset_id)
    found = [record.dataset_id]
    query = """SELECT 'pass', pass_id FROM pass WHERE dataset_id = ?
               UNION ALL SELECT 'embedding', embedding_id FROM embedding WHERE dataset_id = ?"""
    held = db.execute(query, found * 2).fetchall()
    for query in (
        "DELETE FROM sample USING dataset d WHERE sample.dataset_key = d.dataset_key AND dataset_id = ?",
        "DELETE FROM sample_result r USING pass p WHERE r.pass_key = p.pass_key AND dataset_id = ?",
        "DELETE FROM selection_member m USING selection s WHERE m.selection_key = s.selection_key AND dataset_id = ?",
        """DELETE FROM geometry_score g USING pass p
           WHERE p.pass_id IN (g.pass_id, g.other_pass) AND dataset_id = ?""",
        "DELETE FROM pass WHERE dataset_id = ?",
        "DELETE FROM selection WHERE dataset_id = ?",
        "DELETE FROM class_map WHERE dataset_id = ?",
        "DELETE FROM variant_measure WHERE dataset_id = ?",
        "DELETE FROM clustering c USING embedding e WHERE c.embedding_id = e.embedding_id AND dataset_id = ?",
        "DELETE FROM embedding WHERE dataset_id = ?",
        "DELETE FROM dataset WHERE dataset_id = ?",
    ):
        db.execute(query, found)
    return record, held
